// What becomes of a call that no container ran: its answer,
// and the reason in its logs where the reason is the caller's to know.

import { logLine } from "../../src/entities/log-line.ts";
import { ABNORMAL, type Outcome } from "../../src/entities/outcome.ts";
import type { Job, RunListener } from "../container/contract.ts";
import type { Creation } from "../engine/engine.ts";

interface Refusable {
  readonly job: Job;
  readonly listener: RunListener;
}

/** They are not served here; another host may take them. */
export function giveBack(calls: readonly Refusable[], reason: "busy" | "draining"): void {
  for (const { job, listener } of calls) listener.refused(job, reason);
}

/** No container for it: where an image is the reason, the engine's words stand in the logs. */
export function notMade(
  call: Refusable,
  { why, detail }: Pick<Extract<Creation, { ok: false }>, "why" | "detail">,
): void {
  const { job, listener } = call;
  const image = job.image ?? job.kind;
  if (why === "engine") listener.refused(job, "busy");
  else if (why === "pull") notRun(call, ABNORMAL.pull(image), `The image could not be pulled: ${detail}`);
  else notRun(call, why === "command" ? ABNORMAL.command(image) : ABNORMAL.provision());
}

/** Answers the call with this outcome, zero duration, and one line of log if there is one and the action keeps logs. */
export function notRun({ job, listener }: Refusable, outcome: Outcome, line?: string): void {
  listener.answered(job, { outcome, duration: 0, timedOut: false, ran: false, endedAt: performance.now() });
  const said =
    line === undefined || job.limits.logs === 0 ? [] : [logLine(new Date(), "stderr", line.replaceAll(/\s+/g, " "))];
  listener.collected(job, { lines: JSON.stringify(said) });
}
