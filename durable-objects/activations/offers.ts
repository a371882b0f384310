// Who is asked next, by what schedulers said last. Pure.

import type { OfferReply, RosterEntry, SchedulerName } from "../../src/protocol/rpc.ts";
import type { Mark } from "./ledger.ts";

export type Mood = "room" | "busy" | "not-ready" | "silent";

/** What a store knows of a scheduler. Soft: nothing known means it may be asked. */
export interface Known {
  epoch: number;
  boot: string;
  mood: Mood;
  /** Epoch ms of its last word. */
  at: number;
}

/** ms for which a scheduler is left alone after it declined. One that is busy while rows wait here will ask by itself. */
const LEAVE_ALONE: Record<Mood, number> = { room: 0, busy: 100, "not-ready": 500, silent: 1_000 };
const EXPECTED_TO_ASK = 2_000;

export function mayAsk(known: Known | undefined, options: { now: number; waiting: number }): boolean {
  if (known === undefined) return true;
  const patience = known.mood === "busy" && options.waiting > 0 ? EXPECTED_TO_ASK : LEAVE_ALONE[known.mood];
  return options.now - known.at >= patience;
}

/** The first candidate worth asking. */
export function choose(
  candidates: readonly SchedulerName[],
  known: ReadonlyMap<SchedulerName, Known>,
  options: { now: number; waiting: number },
): SchedulerName | undefined {
  return candidates.find((name) => mayAsk(known.get(name), options));
}

export function markOf(scheduler: SchedulerName, known: Known | undefined): Mark {
  return { scheduler, epoch: known?.epoch ?? 0, boot: known?.boot ?? "" };
}

export function heard(reply: OfferReply, now: number): Known {
  return { epoch: reply.epoch, boot: reply.boot, mood: reply.reason ?? "room", at: now };
}

/** Schedulers that could take an action of this kind. */
export function able(entries: readonly RosterEntry[], kind: string): RosterEntry[] {
  return entries.filter((entry) => {
    if (!entry.connected || entry.draining || entry.unhealthy !== undefined) return false;
    return kind === "blackbox" ? entry.blackbox : entry.runtimes.some((runtime) => runtime.kind === kind);
  });
}

/** Why nobody can take it, for status pages. */
export function obstacle(entries: readonly RosterEntry[], kind: string): string {
  if (!entries.some((entry) => entry.connected)) return "no runtime host is connected";
  return able(entries, kind).length === 0 ? `no connected host can run ${kind}` : "all hosts are busy";
}

/** ms until rows that nobody takes are offered again, after this many rounds in vain. A host that comes is told of them; one
 * that is there and busy asks by itself, but may have forgotten us. */
export function backOff(rounds: number, options: { someHost: boolean }): number {
  return Math.min(options.someHost ? 5_000 : 30_000, 1_000 * 2 ** Math.min(rounds, 5));
}
