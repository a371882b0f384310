// Who is asked next, by what schedulers said last. Pure.

import type { OfferReply, SchedulerName } from "../../src/protocol/rpc.ts";
import { backOffMs } from "../shared/retry.ts";
import type { OfferTarget } from "./activation-rows.ts";

export type SchedulerReadiness = "room" | "busy" | "not-ready" | "silent";

/** What a store knows of a scheduler. Soft: nothing known means it may be asked. */
export interface Known {
  epoch: number;
  boot: string;
  readiness: SchedulerReadiness;
  /** Epoch ms of its last word. */
  at: number;
  /** Words in a row by which nothing was started. */
  vain: number;
}

/** ms for which a scheduler is left alone after it declined; twice as long each time nothing comes of asking it, up to
 * the most. One that is busy while rows for it wait here will ask by itself. */
const LEAVE_ALONE_MS: Record<SchedulerReadiness, number> = { room: 0, busy: 100, "not-ready": 500, silent: 1_000 };
const MAX_LEAVE_ALONE_MS = 5_000;
const EXPECTED_TO_ASK_MS = 2_000;
const MAX_DOUBLINGS = 6;

/** `waiting`: whether rows it could run wait here already. */
export function mayAsk(known: Known | undefined, options: { now: number; waiting: () => boolean }): boolean {
  if (known === undefined) return true;
  const { readiness, vain } = known;
  const since = options.now - known.at;
  const doubled = LEAVE_ALONE_MS[readiness] * 2 ** Math.min(MAX_DOUBLINGS, Math.max(0, vain - 1));
  if (since < Math.min(MAX_LEAVE_ALONE_MS, doubled)) return false;
  return readiness !== "busy" || since >= EXPECTED_TO_ASK_MS || !options.waiting();
}

/** The first candidate worth asking. */
export function choose(
  candidates: readonly SchedulerName[],
  known: ReadonlyMap<SchedulerName, Known>,
  options: { now: number; waiting: () => boolean },
): SchedulerName | undefined {
  return candidates.find((name) => mayAsk(known.get(name), options));
}

export function offerTargetOf(scheduler: SchedulerName, known: Known | undefined): OfferTarget {
  return { scheduler, epoch: known?.epoch ?? 0, boot: known?.boot ?? "" };
}

/** What it said may have been about rows it could not run, or about a mark of an earlier incarnation:
 * of its room that says nothing. */
export function readinessOf(reason: OfferReply["reason"]): SchedulerReadiness {
  return reason === "busy" || reason === "not-ready" ? reason : "room";
}

/** ms until rows that nobody takes are offered again, after this many rounds in vain. A host that comes is told of
 * them; one that is there and busy asks by itself, but may have forgotten us. */
export function offerAgainMs(rounds: number, options: { someHost: boolean }): number {
  return backOffMs(rounds, { firstMs: 1_000, maxMs: options.someHost ? 5_000 : 30_000 });
}
