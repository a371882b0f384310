// What follows from how a sink answered: it is done, tried again and when, given up, or nothing more is sent. Pure.

import { durationMs, type SinkAnswer, SinkSettings } from "../entities/sink.ts";
import { fail, ok, type Result } from "../errors.ts";

/** The longest pause before another try (ms). */
const MAX_PAUSE_MS = 3_600_000;
/** Characters that are kept of what a sink said. */
const MAX_DATA = 1_024;
/** What no caller gives. */
const KEPT: ReadonlySet<string> = new Set(["secret", "secretHeaders"]);
/** Statuses worth another try, beside all of 500 and more. */
const AGAIN: ReadonlySet<number> = new Set([404, 408, 409, 429]);

/** "stop": nothing more is sent, the event stays. `code`: the last status; 0 where there was none. */
export type SinkVerdict =
  | { kind: "done" }
  | { kind: "again"; inMs: number }
  | { kind: "dead"; code: number; data: string }
  | { kind: "stop"; reason: string };

/** Of the arguments of a call; fails with `bad-request`. */
export function sinkSettings(given: Record<string, unknown>): Result<SinkSettings> {
  const known = Object.keys(SinkSettings.shape).filter((name) => given[name] !== undefined && !KEPT.has(name));
  const parsed = SinkSettings.safeParse(Object.fromEntries(known.map((name) => [name, given[name]])));
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return fail("bad-request", `The parameter '${issue?.path.join(".")}' is wrong: ${issue?.message}.`);
}

/** `tries`: how often it was sent, this time included. `now`: epoch ms. */
export function verdictOf(
  settings: SinkSettings,
  { tries, answer, now }: { tries: number; answer: SinkAnswer; now: number },
): SinkVerdict {
  if (answer.kind === "barred") return { kind: "stop", reason: answer.reason };
  const code = answer.kind === "answer" ? answer.status : 0;
  const data = (answer.kind === "answer" ? answer.text : answer.reason).slice(0, MAX_DATA);
  if (code >= 200 && code < 300) return { kind: "done" };
  if (code === 410) return { kind: "stop", reason: "the sink is gone: it answered 410" };
  const mayWork = answer.kind === "answer" ? code >= 500 || AGAIN.has(code) : !answer.permanent;
  if (!mayWork || tries > settings.retry) return { kind: "dead", code, data };
  const asked = answer.kind === "answer" && (code === 429 || code === 503) ? answer.retryAfter : null;
  return { kind: "again", inMs: Math.max(pauseOf(settings, tries), askedFor(settings, asked, now)) };
}

function pauseOf({ backoffPolicy, backoffDelay }: SinkSettings, tries: number): number {
  const delay = durationMs(backoffDelay) ?? 0;
  return Math.min(MAX_PAUSE_MS, backoffPolicy === "linear" ? delay * tries : delay * 2 ** tries);
}

function askedFor({ retryAfterMax }: SinkSettings, asked: string | null, now: number): number {
  const most = retryAfterMax === undefined ? 0 : (durationMs(retryAfterMax) ?? 0);
  if (asked === null || most === 0) return 0;
  const ms = /^\d{1,9}$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - now;
  return Number.isNaN(ms) ? 0 : Math.min(most, Math.max(0, ms));
}
