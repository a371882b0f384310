// After a change of the mode: older records of all namespaces are brought to where the mode has them,
// by the objects themselves.

import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import type { NamespaceMove } from "../entities/record-administration.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { MoveProgress, MoveRpc } from "../protocol/moving.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";

export interface MovePorts {
  namespaces: Pick<NamespaceBook, "page">;
  /** Namespaces that may have activations and no row. */
  wellKnown: readonly Namespace[];
  /** The one in force. */
  mode: ActivationStoreMode;
  shards: number;
  store(namespaceId: string, shard: number): MoveRpc;
}

/** Objects asked for one answer. */
const MAX_ASKED = 200;
const STATES: readonly NamespaceMove["state"][] = ["none", "done", "moving", "waiting", "stopped", "unreachable"];

/** Orders it, or only asks how far it is (null), for the namespaces whose names follow `after`. `next`:
 * where to go on. */
export async function moveRecords(
  ports: MovePorts,
  { to, after }: { to: ActivationStoreMode | null; after: string },
): Promise<Result<{ mode: ActivationStoreMode; items: NamespaceMove[]; next: string | null }>> {
  const { mode, shards } = ports;
  if (to !== null && to !== mode) {
    return fail("bad-request", `The mode in force is ${mode}: set ACTIVATION_STORE to ${to} first.`);
  }
  const limit = Math.max(1, Math.floor(MAX_ASKED / shards));
  const page = await ports.namespaces.page(after, limit);
  const listed = new Set(page.flatMap(idsOf));
  const others = after === "" ? ports.wellKnown.filter((each) => !listed.has(each.uuid)) : [];
  const items = await Promise.all([...others, ...page].map((each) => moveOf(ports, each, to)));
  return ok({ mode, items, next: page.length < limit ? null : (page.at(-1)?.name ?? null) });
}

async function moveOf(ports: MovePorts, namespace: Namespace, to: ActivationStoreMode | null): Promise<NamespaceMove> {
  const asked = idsOf(namespace).flatMap((id) =>
    Array.from({ length: ports.shards }, (_, shard) => partOf(ports.store(id, shard), to)),
  );
  const parts = await Promise.all(asked);
  const worst = parts.toSorted((one, other) => STATES.indexOf(other.state) - STATES.indexOf(one.state))[0];
  const { state, reason } = worst ?? { state: "none" as const };
  const sum = (key: "moved" | "damaged") => parts.reduce((total, each) => total + each[key], 0);
  return {
    ...{ namespace: namespace.name, state, moved: sum("moved"), damaged: sum("damaged") },
    ...(reason === undefined ? {} : { reason }),
  };
}

type Part = { state: NamespaceMove["state"]; reason?: string } & Pick<MoveProgress, "moved" | "damaged">;

async function partOf(store: MoveRpc, to: ActivationStoreMode | null): Promise<Part> {
  try {
    return (await store.move(to)) ?? { state: "none", moved: 0, damaged: 0 };
  } catch (error) {
    return { state: "unreachable", reason: String(error), moved: 0, damaged: 0 };
  }
}
