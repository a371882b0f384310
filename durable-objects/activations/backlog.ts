// What a store has to do, for status pages.

import type { Backlog } from "../../src/protocol/rpc.ts";
import type { ActivationRows } from "./activation-rows.ts";

export function backlogOf(
  { waiting, out: running, queue }: Pick<ActivationRows, "waiting" | "out" | "queue">,
  { now, ...rest }: Pick<Backlog, "fires" | "unshelvedSince"> & { now: number },
): Backlog {
  const lines = waiting === 0 ? [] : queue.lines(now);
  const [oldest] = lines.toSorted((one, other) => other.oldestWaitMs - one.oldestWaitMs);
  if (oldest === undefined) return { waiting, running, ...rest, oldestWaitMs: 0, lines };
  const { oldestWaitMs, reason } = oldest;
  return { waiting, running, ...rest, oldestWaitMs, reason, lines };
}
