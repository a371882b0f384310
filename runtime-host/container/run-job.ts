// One job on one container: /init where it is new, /run, what the answer means, the logs. Tells the listener, and
// returns what the container is good for afterwards.

import { performance } from "node:perf_hooks";
import { MAX_RESULT, MB, TRUNCATION } from "../../src/entities/limits.ts";
import { ABNORMAL, internalError, type Outcome, outcomeOfInit, outcomeOfRun } from "../../src/entities/outcome.ts";
import type { Reply } from "./action-client.ts";
import type { ActionContainer } from "./action-container.ts";
import { initBody, runBody } from "./bodies.ts";
import { CodeDamaged, type Job, type RunListener } from "./contract.ts";
import type { LogCollection } from "./log-collection.ts";

export type RunVerdict =
  /** Warm, ready for the next run of the same action. */
  | "keep"
  /** Never to be used again. */
  | "destroy"
  /** The same, and the job has not been started: it goes to another container. */
  | "elsewhere";

export interface RunHooks {
  /** A new container has its action: further runs may join. */
  initialized(): void;
  /** The caller has been answered; logs may still be missing. */
  answered(): void;
  /** No other run is under way in the container. */
  alone(): boolean;
  /** Why what runs now is being ended by the host itself, or null. */
  stopping(): string | null;
}

const ENGINE_GONE = "The container engine went away during the run.";

export async function runJob(
  container: ActionContainer,
  job: Job,
  options: { listener: RunListener; hooks: RunHooks; code: Promise<Buffer> | null },
): Promise<RunVerdict> {
  const { hooks } = options;
  const logs = container.logs.open(job.limits.logs * MB);
  options.listener.opened?.(job, logs);
  const kills = container.memoryKills;
  const cold = !container.initialized;
  let initTime: number | undefined;
  let began = performance.now();
  let ended: Ended;
  if (cold) {
    const initialized = await init(container, job, options.code);
    if (initialized.kind === "no-code") {
      container.logs.drop(logs);
      const outcome = initialized.damaged ? ABNORMAL.codeDamaged(job.path) : ABNORMAL.code();
      answer(job, { ...options, outcome, ran: false });
      return "destroy";
    }
    began = initialized.began;
    initTime = Math.round(performance.now() - began);
    ended = initialized.ended;
    if (ended.kind === "ok") {
      container.logs.reopen(logs);
      hooks.initialized();
    }
  } else ended = OK;
  if (ended.kind === "ok") ended = await run(container, job, { cold, logs });
  const endedAt = performance.now();
  if (ended.kind === "elsewhere") {
    container.logs.drop(logs);
    return "elsewhere";
  }
  const timedOut = ended.kind === "timeout";
  let outcome = ended.kind === "ok" ? ABNORMAL.run() : ended.outcome;
  if (outcome.statusCode !== 0)
    outcome = await explain(container, outcome, { ended, kills, stopping: hooks.stopping() });
  options.listener.answered(job, {
    outcome,
    duration: Math.round(endedAt - began),
    ...(initTime === undefined ? {} : { initTime }),
    ...(initTime !== undefined && container.prewarmed ? { prewarmed: true as const } : {}),
    timedOut,
    ran: true,
    endedAt,
  });
  hooks.answered();
  const good = outcome.statusCode < 2 && !container.ended;
  const ending = !good && (timedOut || ended.kind === "lost") && hooks.alone();
  if (ending) void container.remove().catch(() => undefined);
  await collected(container, logs, { job, listener: options.listener, ending });
  return good ? "keep" : "destroy";
}

/** Gives a new container its action ahead of any run; whether that went well. What it prints meanwhile is nobody's. */
export async function openContainer(
  container: ActionContainer,
  job: Job,
  code: Promise<Buffer> | null,
): Promise<boolean> {
  const logs = container.logs.open(0);
  const initialized = await init(container, job, code);
  container.logs.drop(logs);
  return initialized.kind === "ended" && initialized.ended.kind === "ok" && !container.ended;
}

type Ended = { kind: "ok" } | { kind: "outcome" | "timeout" | "lost"; outcome: Outcome } | { kind: "elsewhere" };

const OK: Ended = { kind: "ok" };

async function init(
  container: ActionContainer,
  job: Job,
  loading: Promise<Buffer> | null,
): Promise<{ kind: "ended"; ended: Ended; began: number } | { kind: "no-code"; damaged: boolean }> {
  let code: Buffer | null = null;
  try {
    code = loading === null ? null : await loading;
  } catch (error) {
    return { kind: "no-code", damaged: error instanceof CodeDamaged };
  }
  const began = performance.now();
  const { timeout } = job.limits;
  const body = initBody(job, code, Date.now() + timeout);
  const reply = await container.client.post("/init", body, { ...bounds(timeout), patient: true });
  let ended: Ended;
  switch (reply.kind) {
    case "answer":
      if (reply.answer.status === 200 && reply.answer.cut === undefined) {
        container.initialized = true;
        ended = OK;
      } else if (reply.answer.status === 503) ended = { kind: "elsewhere" };
      else ended = { kind: "outcome", outcome: outcomeOfInit(reply.answer) };
      break;
    case "timeout":
      ended = { kind: "timeout", outcome: ABNORMAL.initTimeout(timeout) };
      break;
    default:
      ended = { kind: "lost", outcome: ABNORMAL.init() };
  }
  return { kind: "ended", ended, began };
}

async function run(
  container: ActionContainer,
  job: Job,
  options: { cold: boolean; logs: LogCollection },
): Promise<Ended> {
  const { timeout, concurrency } = job.limits;
  const body = runBody(job, Date.now() + timeout);
  const named = concurrency > 1 && container.named;
  const turn = container.logs.journal?.turn() ?? null;
  const reply: Reply = await container.client.post("/run", body, {
    ...bounds(timeout, job.answerBounds),
    patient: false,
    mayBeQuiet: (concurrency === 1 || named) && !container.logs.noisy,
    ...(named ? { run: container.logs.name(options.logs) } : {}),
    ...(turn === null ? {} : { journal: turn }),
  });
  switch (reply.kind) {
    case "answer":
      options.logs.quiet = reply.quiet;
      return reply.answer.status === 503
        ? { kind: "elsewhere" }
        : { kind: "outcome", outcome: outcomeOfRun(reply.answer) };
    case "timeout":
      return { kind: "timeout", outcome: ABNORMAL.timeout(timeout) };
    case "lost":
      return { kind: "lost", outcome: ABNORMAL.run() };
    case "unreachable":
      // A warm container that had ended unnoticed. A cold one has just answered /init: its action ended it.
      return options.cold ? { kind: "lost", outcome: ABNORMAL.run() } : { kind: "elsewhere" };
  }
}

/** The true cause behind an error: memory, the engine, or ourselves. */
async function explain(
  container: ActionContainer,
  outcome: Outcome,
  context: { ended: Ended; kills: number; stopping: string | null },
): Promise<Outcome> {
  const { ended, kills, stopping } = context;
  if (stopping !== null && ended.kind === "lost") return internalError(stopping);
  if (ended.kind === "lost") {
    const death = await container.death();
    if (death === "disk") return ABNORMAL.disk();
    return death === "memory" ? ABNORMAL.memory() : death === "engine" ? internalError(ENGINE_GONE) : outcome;
  }
  return ended.kind === "outcome" && container.killedForMemory(kills) ? ABNORMAL.memory() : outcome;
}

function bounds(timeout: number, own?: Job["answerBounds"]) {
  return {
    timeoutMs: timeout,
    maxResponseBytes: own?.max ?? MAX_RESULT,
    truncationBytes: own?.truncation ?? TRUNCATION,
  };
}

function answer(job: Job, options: { listener: RunListener; hooks: RunHooks; outcome: Outcome; ran: boolean }): void {
  const { listener, hooks, outcome, ran } = options;
  listener.answered(job, { outcome, duration: 0, timedOut: false, ran, endedAt: performance.now() });
  hooks.answered();
  listener.collected(job, { lines: "[]" });
}

/** Resolves when the container's output of this run is over; in the same turn where it is already. */
function collected(
  container: ActionContainer,
  logs: LogCollection,
  options: { job: Job; listener: RunListener; ending: boolean },
): Promise<void> | undefined {
  const { job, listener, ending } = options;
  const hand = (missing: boolean) => listener.collected(job, logs.take({ missing, now: Date.now() }));
  // Nothing is collected, but the container is not free before its markers.
  if (logs.limit === 0) hand(false);
  let settled = false;
  let resolve = () => {};
  const done = (missing: boolean) => {
    settled = true;
    if (logs.limit > 0) hand(missing);
    resolve();
  };
  container.logs.settle(logs, done, { ending });
  if (settled) return undefined;
  return new Promise((settle) => {
    resolve = settle;
  });
}
