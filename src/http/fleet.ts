// The fleet as OpenWhisk's operators look at it: name and state of each scheduler shard.

import type { HostCount } from "../protocol/metrics.ts";
import type { RosterEntry } from "../protocol/rpc.ts";

type InvokerState = "up" | "unhealthy" | "down";

export interface FleetPorts {
  /** Why nothing can be stored, or null. */
  ailing(): Promise<string | null>;
  schedulers(): RosterEntry[] | Promise<RosterEntry[]>;
  /** What they said last, however long ago. */
  lastHeard(): RosterEntry[];
}

/** Where nothing can be stored nobody is up, whatever the roster could write down last. */
export async function fleetNow({ ailing, schedulers, lastHeard }: FleetPorts): Promise<RosterEntry[]> {
  const unhealthy = await ailing();
  try {
    const all = await schedulers();
    return unhealthy === null ? all : all.map((entry) => ({ ...entry, unhealthy }));
  } catch (error) {
    if (unhealthy === null) throw error;
    return lastHeard().map((entry) => ({ ...entry, unhealthy }));
  }
}

/** By name. `named`: names of machines are shown; else each goes by its number. */
export function invokerStates(
  fleet: readonly RosterEntry[],
  { named }: { named: boolean },
): Record<string, InvokerState> {
  const all = fleet.toSorted((one, other) => (one.scheduler < other.scheduler ? -1 : 1));
  return Object.fromEntries(
    all.map((entry, index) => [named ? entry.scheduler : `invoker${index}`, stateOf(entry)] as const),
  );
}

export function healthyCount(fleet: readonly RosterEntry[]): number {
  return fleet.filter((entry) => stateOf(entry) === "up").length;
}

/** For the metrics. A host that does not answer is offline: the roster tells no more of it. */
export function hostCounts(fleet: readonly RosterEntry[]): HostCount[] {
  const counts = new Map<HostCount["state"], Required<HostCount>>();
  for (const entry of fleet) {
    const state = COUNTED[stateOf(entry)];
    const { count, memoryMb, blackBox } = counts.get(state) ?? NO_HOSTS;
    const added = entry.blackbox ? 1 : 0;
    counts.set(state, {
      ...{ state, count: count + 1, memoryMb: memoryMb + entry.memory },
      blackBox: { count: blackBox.count + added, memoryMb: blackBox.memoryMb + added * entry.memory },
    });
  }
  return [...counts.values()];
}

const NO_HOSTS = { count: 0, memoryMb: 0, blackBox: { count: 0, memoryMb: 0 } };
const COUNTED = { up: "Healthy", unhealthy: "Unhealthy", down: "Offline" } as const;

function stateOf(entry: RosterEntry): InvokerState {
  if (!entry.connected) return "down";
  return entry.unhealthy === undefined ? "up" : "unhealthy";
}
