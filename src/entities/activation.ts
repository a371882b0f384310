// The record of one run, and the pieces it is made of on its way: what is known when the call is accepted (About), what
// the host reports (Completion), and the record that both make.

import type { ActivationId } from "./activation-id.ts";
import { byteLength } from "./byte-length.ts";
import type { ActionLimits } from "./limits.ts";
import { failure, type Outcome, STATUS_TEXT, type StatusCode } from "./outcome.ts";
import type { RawJson } from "./raw-json.ts";
import type { RecordMeta } from "./record-meta.ts";

/** Bytes that travel inline, or lie in the blob store under a key because they are too large for a frame. */
export type Payload = { inline: RawJson } | { blob: string; size: number };

/** What is known of an activation when it is accepted; travels with the call and comes back with its record. */
export interface ActivationMeta {
  namespace: string;
  /** Permanent id of the invoking namespace; with the id's shard it names the store object. */
  namespaceId: string;
  subject: string;
  /** uuid of the key that called; absent where the namespace itself did. */
  keyId?: string;
  name: string;
  version: string;
  /** `ns/name` or `ns/package/name` of the provider. */
  path: string;
  kind: string;
  limits: ActionLimits;
  /** Epoch ms at which the Worker accepted the request. */
  acceptedAt: number;
  transactionId: string;
  /** `ns/binding` where the call came through a package binding. */
  binding?: string;
  cause?: ActivationId;
  causedBy?: "sequence";
  /** Of a sequence's or conductor's own record: false if it was a step of another one. */
  topmost?: boolean;
  /** Of a conductor's own record. */
  conductor?: true;
  /** False where the namespace switched storing off: counted, not kept. */
  store?: boolean;
  /** ms that the namespace's permit took; absent where none was asked for. */
  permitMs?: number;
  actionRevision?: string;
  /** Names of the trigger whose fire started it, and of the rule by which that was. */
  trigger?: string;
  rule?: string;
  /** What called it: see RecordMeta. */
  source?: string;
  /** Of a composition: why a step of it was not started, the last one that was not. */
  stepRefused?: string;
}

/** What a host reports of a finished run. Durations in ms; no clock times, since hosts' clocks differ. */
export interface Completion {
  statusCode: StatusCode;
  result: Payload;
  /** Bytes of the result. */
  size: number;
  /** init + run for a cold start, run alone for a warm one. */
  duration: number;
  /** ms from its start to its end, where that is more than the duration:
   * a composition counts only what its steps took. */
  elapsed?: number;
  /** Absent on warm runs. */
  initTime?: number;
  /** Its container had been made ahead, and was initialised for it. */
  prewarmed?: true;
  /** ms between the run's end and the moment this report left the host. */
  endedAgo: number;
  timedOut: boolean;
  /** What ran it: "docker", "process", "builtin"; "none" if nothing did. */
  engine: string;
  /** The host's name. */
  host?: string;
  /** False if no container ever ran; annotations are then reduced. */
  ran: boolean;
  /** JSON array of log lines. Absent while they are being collected. */
  logs?: Payload;
  /** Bytes of output left out because of the action's log limit. */
  logsCut?: number;
}

export interface ActivationRecord {
  activationId: ActivationId;
  namespace: string;
  name: string;
  version: string;
  subject: string;
  cause?: ActivationId;
  start: number;
  /** 0 = none: a trigger's record has neither end nor duration. */
  end: number;
  duration: number;
  statusCode: StatusCode;
  result: Payload;
  size: number;
  /** JSON array text, or where it lies. */
  logs: Payload;
  /** JSON array text of {key, value}. */
  annotations: RawJson;
  /** Of a stored one; never shown to clients. */
  meta?: RecordMeta;
  /** Epoch ms at which it came from an export; never shown to clients. */
  imported?: number;
}

/** The record that an accepted activation and the host's report make; `now` is when the report arrived. Times are whole
 * ms: clients read them as integers. */
export function recordOf(
  id: ActivationId,
  about: ActivationMeta,
  options: { completion: Completion; now: number },
): ActivationRecord {
  const { completion, now } = options;
  const end = Math.round(now - completion.endedAgo);
  const duration = Math.round(completion.duration);
  const start = end - Math.round(completion.elapsed ?? completion.duration);
  return {
    activationId: id,
    namespace: about.namespace,
    name: about.name,
    version: about.version,
    subject: about.subject,
    ...(about.cause === undefined ? {} : { cause: about.cause }),
    start,
    end,
    duration,
    statusCode: completion.statusCode,
    result: completion.result,
    size: completion.size,
    logs: completion.logs ?? { inline: "[]" },
    annotations: annotationsOf(about, completion, start),
  };
}

/** The record of a fired trigger. `payload`: what was posted. */
export function triggerRecord(
  id: ActivationId,
  about: Pick<ActivationMeta, "namespace" | "name" | "version" | "subject" | "acceptedAt">,
  { payload, logs }: { payload: Payload; logs: Payload },
): ActivationRecord {
  const { namespace, name, version, subject, acceptedAt } = about;
  return {
    ...{ activationId: id, namespace, name, version, subject, start: acceptedAt, end: 0, duration: 0, statusCode: 0 },
    result: payload,
    size: "inline" in payload ? byteLength(payload.inline) : payload.size,
    logs,
    annotations: "[]",
  };
}

/** A report for a run that never happened or whose end nobody knows. */
export function completionOf(outcome: Outcome, options: { engine?: string; ran?: boolean } = {}): Completion {
  return {
    statusCode: outcome.statusCode,
    result: { inline: outcome.result },
    size: outcome.result.length,
    duration: 0,
    endedAgo: 0,
    timedOut: false,
    engine: options.engine ?? "none",
    ran: options.ran ?? false,
    logs: { inline: "[]" },
  };
}

/** The completion of an activation whose fate is unknown: a whisk internal error that says why. */
export function lostCompletion(reason: string): Completion {
  return completionOf(failure(3, { text: `The activation may have started, but its outcome was lost: ${reason}.` }));
}

export function statusText(code: StatusCode): string {
  return STATUS_TEXT[code];
}

/** Of a composition's own record. A sequence whose steps took no memory, since none ran, has no limits to show. */
function compositionAnnotations(about: ActivationMeta, start: number): RawJson {
  const list: { key: string; value: unknown }[] = [{ key: "topmost", value: about.topmost }];
  list.push({ key: "path", value: about.path }, { key: "kind", value: about.kind });
  if (about.conductor !== undefined) list.push({ key: "conductor", value: true });
  if (about.causedBy !== undefined) list.push({ key: "causedBy", value: about.causedBy });
  list.push({ key: "waitTime", value: Math.max(0, start - about.acceptedAt) });
  if (about.binding !== undefined) list.push({ key: "binding", value: about.binding });
  if (about.limits.memory > 0) list.push({ key: "limits", value: about.limits });
  return JSON.stringify(list);
}

function annotationsOf(about: ActivationMeta, completion: Completion, start: number): RawJson {
  if (about.topmost !== undefined) return compositionAnnotations(about, start);
  const list: { key: string; value: unknown }[] = [{ key: "path", value: about.path }];
  list.push({ key: "kind", value: about.kind }, { key: "limits", value: about.limits });
  if (about.binding !== undefined) list.push({ key: "binding", value: about.binding });
  if (about.causedBy !== undefined) list.push({ key: "causedBy", value: about.causedBy });
  if (completion.ran) {
    list.push({ key: "timeout", value: completion.timedOut });
    const init = completion.initTime;
    list.push({ key: "waitTime", value: Math.max(0, start - about.acceptedAt) });
    if (init !== undefined) list.push({ key: "initTime", value: Math.round(init) });
    list.push({ key: "engine", value: completion.engine });
    if (completion.host !== undefined) list.push({ key: "host", value: completion.host });
    if (completion.logsCut !== undefined) list.push({ key: "logsCut", value: completion.logsCut });
  }
  return JSON.stringify(list);
}
