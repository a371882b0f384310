// One run on this host: the job the containers see, and what is known of it until its record is kept.

import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import { logLine } from "../../src/entities/log-line.ts";
import { DEVELOPER_ERROR_LOG, failure } from "../../src/entities/outcome.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { Answer, CodeSource, Job, LiveLogs, Logs } from "../container/contract.ts";
import type { StoredRecord } from "../delivery/outbox-segments.ts";
import type { RunMessage } from "../link/messages.ts";
import type { Assignment } from "./assignments.ts";

export class Run implements Job {
  readonly id: string;
  readonly attempt: number;
  readonly namespaceId: string;
  readonly transactionId: string;
  readonly path: string;
  readonly revision: string;
  readonly kind: string;
  declare readonly image?: string;
  declare readonly main?: string;
  readonly binary: boolean;
  declare readonly code?: CodeSource;
  readonly limits: ActivationMeta["limits"];
  /** Empty until they have come through the blob API, where they are too large for a frame. */
  args: RawJson;
  readonly context: Readonly<Record<string, string>>;
  readonly initEnv: Readonly<Record<string, string>>;
  declare readonly answerBounds?: { readonly max: number; readonly truncation: number };

  /** Somebody waits for it. */
  readonly blocking: boolean;
  readonly shard: number;
  readonly assignment: Assignment;
  answer: Answer | null = null;
  logs: Logs | null = null;
  /** What it prints, while it does. */
  live: LiveLogs | null = null;
  /** Something happened that the end of the turn will report. */
  pendingReport = false;
  /** Its record without logs, kept before the result is told: a caller who has heard it must find it. */
  earlyRecord: StoredRecord | null = null;
  /** A record without logs was kept, or is about to be. */
  announced = false;
  /** Its record is kept: the result need not be sent any more. */
  recorded = false;

  constructor(message: RunMessage, options: { shard: number; assignment: Assignment; code: CodeSource | undefined }) {
    const { invocation } = message;
    const { about, exec } = invocation;
    this.id = invocation.id;
    this.attempt = message.attempt;
    this.namespaceId = about.namespaceId;
    this.transactionId = about.transactionId;
    this.path = about.path;
    this.revision = invocation.revision;
    this.kind = exec.kind;
    if (exec.image !== undefined) this.image = exec.image;
    if (exec.main !== undefined) this.main = exec.main;
    this.binary = exec.binary;
    if (options.code !== undefined) this.code = options.code;
    this.limits = about.limits;
    this.blocking = invocation.blocking;
    this.args = "inline" in invocation.args ? invocation.args.inline : "";
    this.context = contextOf(message);
    this.initEnv = invocation.initEnv ?? {};
    if (invocation.answerBounds !== undefined) this.answerBounds = invocation.answerBounds;
    this.shard = options.shard;
    this.assignment = options.assignment;
  }

  /** What a line of the log says of it. */
  get named(): { id: string; transactionId: string } {
    return { id: this.id, transactionId: this.transactionId };
  }
}

/** What the action sees as `__OW_<UPPER>`: the namespace is the invoking one, the name is the provider's with a leading
 * slash. A credential is there only if the scheduler sent one, which it does where the action asks for it. */
export function contextOf(message: Pick<RunMessage, "invocation" | "key">): Record<string, string> {
  const { id, about } = message.invocation;
  return {
    namespace: about.namespace,
    action_name: `/${about.path}`,
    action_version: about.version,
    activation_id: id,
    transaction_id: about.transactionId,
    ...(message.key === undefined ? {} : { api_key: message.key }),
  };
}

/** What the host says of a run that has answered. `now`: performance.now(). Whole milliseconds,
 * since records show such. */
export function completionOf(
  run: Run,
  options: { logs: Logs | null; host: string; engine: string; now: number },
): Completion {
  const { answer } = run;
  const { logs } = options;
  if (answer === null) throw new Error("a run without an answer has no completion");
  const { outcome, initTime } = answer;
  return {
    statusCode: outcome.statusCode,
    result: { inline: outcome.result },
    size: Buffer.byteLength(outcome.result),
    duration: Math.round(Math.max(answer.duration, initTime ?? 0)),
    ...(initTime === undefined ? {} : { initTime: Math.round(initTime) }),
    ...(answer.prewarmed === undefined ? {} : { prewarmed: answer.prewarmed }),
    endedAgo: Math.max(0, Math.round(options.now - answer.endedAt)),
    timedOut: answer.timedOut,
    engine: answer.ran ? options.engine : "none",
    host: options.host,
    ran: answer.ran,
    ...(logs === null ? {} : { logs: { inline: linesOf(run, logs) } }),
    ...(logs?.cut === undefined ? {} : { logsCut: logs.cut }),
  };
}

/** Developer errors get a last line, unless the action's limit says it keeps no logs. */
function linesOf(run: Run, logs: Logs): RawJson {
  if (run.answer?.outcome.statusCode !== 2 || !run.answer.ran || run.limits.logs === 0) return logs.lines;
  const line = JSON.stringify(logLine(new Date(), "stderr", DEVELOPER_ERROR_LOG));
  const open = logs.lines.trimEnd().slice(0, -1);
  return open.trim() === "[" ? `[${line}]` : `${open},${line}]`;
}

/** An answer for a run that no container ever saw. */
export function neverRan(text: string, now: number): Answer {
  return { outcome: failure(3, { text }), duration: 0, timedOut: false, ran: false, endedAt: now };
}
