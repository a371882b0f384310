// Hands a call over and answers for its id (rule 1): an id that left the platform ends in exactly one terminal record.
// Until a row exists the Worker is the guarantor; a call whose fate is unknown is never sent elsewhere.

import { type ActivationRecord, recordOf } from "../entities/activation.ts";
import { BLACKBOX } from "../entities/runtimes.ts";
import { type Failure, fail } from "../errors.ts";
import { log } from "../log.ts";
import type { Accepted } from "../protocol/fire.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { Placing } from "../protocol/placing.ts";
import type { ActivationStoreRpc, InvokeReply, SchedulerName } from "../protocol/rpc.ts";
import type { SubmitPorts } from "./ports.ts";
import { answered, outOfReach, PAUSES_MS, pause, report, retry } from "./retry.ts";

/** A call that is ready to leave the Worker. */
export interface SubmitRequest {
  invocation: Invocation;
  /** Schedulers in order of preference. */
  candidates: SchedulerName[];
  /** Why there are none. */
  obstacle?: string | undefined;
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
  /** Where its row goes together with others; otherwise it goes by itself. */
  accept?: AcceptRow | undefined;
}

/** Writes a row by another way than alone, as the store's `accept` does. */
export type AcceptRow = (invocation: Invocation, options: Placing) => ReturnType<ActivationStoreRpc["accept"]>;

/** What became of a call that was handed over. A failure with `isUnknown` may have been started all the same. */
export type Submitted =
  /** It ended while the caller waited. */
  | { ok: true; kind: "done"; record: ActivationRecord }
  /** Its row is confirmed: the id may leave. */
  | { ok: true; kind: "accepted" }
  | Failure;

/** A run on the fast path gets its row after this long. */
const ROW_AFTER_MS = 1_000;
/** Only so many schedulers are asked before the call is left to the store. */
const MAX_ASKED = 3;
/** How long past the caller's wait an object's answer is still expected. */
const GRACE_MS = 2_000;
/** A run's row outlives its timeout by this, and by the timeout once more: pulling, starting and initializing. */
const ROW_SLACK_MS = 120_000;

/** Hands the call over: at most three schedulers if the caller waits, then the store. Whoever was asked last has the
 * id; it goes to nobody else once it may have been started. */
export async function submit(ports: SubmitPorts, call: SubmitRequest): Promise<Submitted> {
  const { counts } = ports;
  const began = ports.now();
  counts?.handedOver(Math.max(0, began - call.invocation.about.acceptedAt), { blocking: call.waitMs > 0 });
  const submitted = await handOver(ports, call, began + call.waitMs);
  if (call.waitMs > 0 && submitted.ok && submitted.kind === "done") counts?.ended(ports.now() - began);
  return submitted;
}

async function handOver(ports: SubmitPorts, call: SubmitRequest, until: number): Promise<Submitted> {
  if (call.waitMs > 0) {
    const asked = Math.min(call.candidates.length, MAX_ASKED);
    for (let at = 0; at < asked; at++) {
      const answer = await runNow(ports, call, { scheduler: call.candidates[at]!, until });
      if (answer !== "elsewhere") return answer;
    }
    ports.counts?.overloaded({ blackBox: call.invocation.about.kind === BLACKBOX });
  }
  return leaveToStore(ports, call, { until });
}

/** Fast path. "elsewhere": it was not started, no row was made, and nobody will start it there. */
async function runNow(
  ports: SubmitPorts,
  call: SubmitRequest,
  { scheduler, until }: { scheduler: SchedulerName; until: number },
): Promise<Submitted | "elsewhere"> {
  const waitMs = Math.max(1, until - ports.now());
  let row: Promise<boolean> | undefined;
  let cancel: (() => void) | undefined;
  const overdue = new Promise<"overdue">((resolve) => {
    const first = Math.min(ROW_AFTER_MS, waitMs);
    cancel = ports.after(first, () => {
      row = openRow(ports, call, scheduler);
      cancel = ports.after(waitMs - first + GRACE_MS, () => resolve("overdue"));
    });
  });
  const reply = await Promise.race([ask(ports, call, { scheduler, waitMs }), overdue]);
  cancel?.();
  const outcome = typeof reply === "string" ? reply : reply.kind;
  log.debug("call-offered", { activationId: call.invocation.id, scheduler, outcome });
  if (reply === "unknown") {
    // Nobody else may know the id now: it gets its row at once, not at the end of the wait.
    row ??= openRow(ports, call, scheduler);
    return settle(ports, call, { until, reason: "its scheduler could not be reached" });
  }
  if (reply === "overdue" || reply.kind === "waiting") {
    const confirmed = await (row ?? openRow(ports, call, scheduler));
    return confirmed ? { ok: true, kind: "accepted" } : outOfReach(ports);
  }
  if (reply.kind === "done") {
    const { id, about } = call.invocation;
    const completion = { ...reply.completion, endedAgo: 0 };
    return { ok: true, kind: "done", record: recordOf(id, about, { completion, now: reply.endedAt }) };
  }
  if (reply.kind === "lost") return settle(ports, call, { until: 0, reason: reply.reason });
  if (row === undefined) return "elsewhere";
  // Its row names this scheduler: the store alone can give it to another one.
  await row;
  return leaveToStore(ports, call, { until, refusedBy: scheduler });
}

function ask(
  ports: SubmitPorts,
  call: SubmitRequest,
  { scheduler, waitMs }: { scheduler: SchedulerName; waitMs: number },
): Promise<InvokeReply | "unknown"> {
  return ports
    .scheduler(scheduler)
    .invoke(call.invocation, { waitMs })
    .catch((cause: unknown) => {
      report(ports, call.invocation.id, { asking: scheduler, cause });
      return "unknown";
    });
}

/** Durable path: the row is confirmed before anybody hears the id. `refusedBy`: it may have one,
 * opened for a run there. */
async function leaveToStore(
  ports: SubmitPorts,
  call: SubmitRequest,
  { until, refusedBy }: { until: number; refusedBy?: SchedulerName },
): Promise<Submitted> {
  const { invocation, candidates, obstacle } = call;
  const place: Placing = {
    candidates,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(refusedBy === undefined ? {} : { refusedBy }),
  };
  const alone: AcceptRow = (row, options) => ports.storeOf(row).accept([row], options);
  const accept = refusedBy === undefined ? (call.accept ?? alone) : alone;
  const accepted = await retry({ ports, id: invocation.id }, () => accept(invocation, place));
  log.debug("call-stored", { activationId: invocation.id, obstacle, outcome: accepted?.kind ?? "unknown" });
  if (accepted === undefined) return outOfReach(ports);
  if (accepted.kind === "full") return tooMany(accepted);
  if (call.waitMs > 0) {
    const record = await recordBy(ports, call, until);
    if (record !== null) return { ok: true, kind: "done", record };
  }
  return { ok: true, kind: "accepted" };
}

/** What a store that is full is to whoever called. */
export function tooMany({ of, why }: Extract<Accepted, { kind: "full" }>): Failure {
  return of === "records" ? fail("records-full", why ?? "") : fail("backlog-full");
}

/** The scheduler does not know, or cannot say, how the run ended: waits for a record, and at the end writes one.
 * Whatever record was first holds. */
async function settle(
  ports: SubmitPorts,
  call: SubmitRequest,
  { until, reason }: { until: number; reason: string },
): Promise<Submitted> {
  const { id, about } = call.invocation;
  const record =
    (await recordBy(ports, call, until)) ??
    (await retry({ ports, id: call.invocation.id }, () => ports.storeOf(call.invocation).fail(id, { about, reason })));
  return record === undefined ? outOfReach(ports) : { ok: true, kind: "done", record };
}

/** The record as soon as it is there, or null when the time is over. A store that fails is asked again. */
async function recordBy(ports: SubmitPorts, call: SubmitRequest, until: number): Promise<ActivationRecord | null> {
  for (;;) {
    const ms = until - ports.now();
    if (ms <= 0) return null;
    try {
      const asked = ports.storeOf(call.invocation).await(call.invocation.id, { ms });
      const { record } = await answered((wait, run) => ports.after(wait, run), ms + GRACE_MS, asked);
      if (record !== null) {
        ports.counts?.retrieved();
        return record;
      }
    } catch (cause) {
      report(ports, call.invocation.id, { asking: "its store", cause });
    }
    const left = until - ports.now();
    if (left > 0) await pause(ports, Math.min(PAUSES_MS[0], left));
  }
}

async function openRow(ports: SubmitPorts, call: SubmitRequest, scheduler: SchedulerName): Promise<boolean> {
  const { id, about } = call.invocation;
  const deadline = ports.now() + 2 * about.limits.timeout + ROW_SLACK_MS;
  const opened = await retry({ ports, id: call.invocation.id }, async () => {
    await ports.storeOf(call.invocation).open({ id, about, scheduler, deadline });
    return true;
  });
  return opened ?? false;
}
