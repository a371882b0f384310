// Which containers of a pool run nothing, and for whom they are kept: for whoever operates the host. Pure.

import { sharedBy } from "../../src/protocol/matching.ts";
import { type IdleContainers, MAX_IDLE_GROUPS, MAX_RUNTIME } from "../../src/protocol/messages.ts";
import type { Slot, SlotState } from "./pool-state.ts";

const IDLE: ReadonlySet<SlotState> = new Set<SlotState>(["ready", "idle", "pausing", "paused"]);

/** Equal containers together; those that have waited longest first. `now`: of the pool's clock. */
export function idleContainers(slots: Iterable<Slot>, now: number): { items: IdleContainers[]; more: boolean } {
  const idle = [...slots].filter(({ state, retiring }) => IDLE.has(state) && !retiring);
  const groups = Map.groupBy(idle, ({ key, runtime, memory }) => `${key ?? ""} ${runtime} ${memory}`);
  const items = [...groups.values()]
    .map((group) => groupOf(group, now))
    .toSorted((one, other) => other.idleMs - one.idleMs);
  return { items: items.slice(0, MAX_IDLE_GROUPS), more: items.length > MAX_IDLE_GROUPS };
}

function groupOf(slots: Slot[], now: number): IdleContainers {
  const [{ key, runtime, memory }] = slots as [Slot];
  const shared = key === null ? null : sharedBy(key);
  return {
    ...(shared === null ? {} : { namespaceId: shared.namespaceId, action: shared.path }),
    ...{ runtime: runtime.slice(0, MAX_RUNTIME), memory, containers: slots.length },
    paused: slots.filter(({ state }) => state === "paused").length,
    idleMs: Math.round(Math.max(0, ...slots.map(({ usedAt }) => now - usedAt))),
  };
}
