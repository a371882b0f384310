// What a store has to do, as the metrics tell it.

import type { StoreGauges } from "../../src/protocol/metrics.ts";
import type { Backlog } from "../../src/protocol/rpc.ts";

export function gaugesOf(backlog: Backlog, now: number): StoreGauges {
  const { waiting, running, fires, oldestWaitMs, unshelvedSince } = backlog;
  return { waiting, running, fires, unshelvedSince, oldestAt: waiting === 0 ? null : now - oldestWaitMs };
}
