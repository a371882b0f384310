// `result` and `record` by hand: each call brings one, and a schema costs more than the rest of its way through a
// scheduler. What is read here is what their schemas in messages.ts accept, without what they do not name; the fuzz
// test holds both against each other.

import type { Completion, Payload } from "../entities/activation.ts";
import { MAX_BODY, MAX_INLINE } from "../entities/limits.ts";
import { type ActivationMetaSchema, MAX_TEXT, MAX_TRANSACTION } from "./invocation.ts";
import { type HostMessage, isIdText, type Lease, MAX_ATTEMPT } from "./messages.ts";
import { areLines, isJson, MAX_BYTES, MAX_ENGINE, MAX_HOST, MAX_MS, namesItsOwn } from "./reported.ts";

/** What a host says of the end of a run: the two messages that come with every call, read without a schema's cost. */
export type RunWord = Extract<HostMessage, { t: "result" | "record" }>;
type Loose = Record<string, unknown>;
type ReadAbout = ReturnType<typeof ActivationMetaSchema.parse>;

const TEXTS = ["namespace", "namespaceId", "subject", "name", "version", "path", "kind"] as const;
const MORE_TEXTS = ["keyId", "binding", "cause", "actionRevision", "trigger", "rule", "source"] as const;

/** The word, or what is wrong with it. */
export function readRunWord(item: Record<string, unknown>): RunWord | string {
  const { t, id, attempt } = item;
  const lease = leaseOf(item.lease);
  if (!isIdText(id) || !isCount(attempt) || attempt < 1 || attempt > MAX_ATTEMPT || lease === null) {
    return `${String(t)} without id, attempt or lease`;
  }
  const completion = completionOf(item.completion);
  if (completion === null) return `${String(t)} ${id} with a malformed completion`;
  const word = { id, attempt, lease, completion };
  if (!namesItsOwn(word)) return `${String(t)} ${id} names what is not its own`;
  if (t === "result") return { t, ...word };
  const about = readMeta(item.about);
  return about === null ? `record ${id} with a malformed about` : { t: "record", ...word, about };
}

function leaseOf(value: unknown): Lease | null {
  if (!isObject(value)) return null;
  const { epoch, counter } = value;
  return isCount(epoch) && isCount(counter) ? { epoch, counter } : null;
}

function completionOf(value: unknown): Completion | null {
  if (!isObject(value)) return null;
  const { statusCode, size, duration, initTime, endedAgo, timedOut, engine, host, ran, logsCut } = value;
  if (statusCode !== 0 && statusCode !== 1 && statusCode !== 2 && statusCode !== 3) return null;
  if (!isAmount(size, MAX_BYTES) || !isAmount(duration, MAX_MS) || !isAmount(endedAgo, MAX_MS)) return null;
  if (typeof timedOut !== "boolean" || typeof ran !== "boolean" || !isText(engine, MAX_ENGINE)) return null;
  const result = payloadOf(value.result, isJson);
  if (result === null) return null;
  const completion: Completion = { statusCode, result, size, duration, endedAgo, timedOut, engine, ran };
  if ("initTime" in value) {
    if (!isAmount(initTime, MAX_MS)) return null;
    completion.initTime = initTime;
  }
  if ("prewarmed" in value) {
    if (value.prewarmed !== true) return null;
    completion.prewarmed = true;
  }
  if ("host" in value) {
    if (!isText(host, MAX_HOST)) return null;
    completion.host = host;
  }
  if ("logs" in value) {
    const logs = payloadOf(value.logs, areLines);
    if (logs === null) return null;
    completion.logs = logs;
  }
  if ("logsCut" in value) {
    if (!isAmount(logsCut, MAX_BYTES)) return null;
    completion.logsCut = logsCut;
  }
  return completion;
}

/** Strict: a payload is one thing or the other. */
function payloadOf(value: unknown, check: (text: string) => boolean): Payload | null {
  if (!isObject(value)) return null;
  const { inline, blob, size } = value;
  const fields = Object.keys(value).length;
  if (fields === 1 && isText(inline, MAX_INLINE)) return check(inline) ? { inline } : null;
  if (fields !== 2 || !isText(blob, 100) || !isCount(size) || size > MAX_BODY) return null;
  return { blob, size };
}

function readMeta(value: unknown): ReadAbout | null {
  if (!isObject(value)) return null;
  const limits = limitsOf(value.limits);
  const { acceptedAt, transactionId, causedBy, topmost, conductor, store } = value;
  if (limits === null || !isAmount(acceptedAt) || !isText(transactionId, MAX_TRANSACTION)) return null;
  const about: Loose = { limits, acceptedAt, transactionId };
  for (const name of TEXTS) {
    if (!isText(value[name], MAX_TEXT)) return null;
    about[name] = value[name];
  }
  for (const name of MORE_TEXTS) {
    if (!(name in value)) continue;
    if (!isText(value[name], MAX_TEXT)) return null;
    about[name] = value[name];
  }
  if ("causedBy" in value) {
    if (causedBy !== "sequence") return null;
    about.causedBy = causedBy;
  }
  if ("topmost" in value) {
    if (typeof topmost !== "boolean") return null;
    about.topmost = topmost;
  }
  if ("conductor" in value) {
    if (conductor !== true) return null;
    about.conductor = conductor;
  }
  if ("permitMs" in value) {
    if (!isAmount(value.permitMs)) return null;
    about.permitMs = value.permitMs;
  }
  if ("store" in value) {
    if (typeof store !== "boolean") return null;
    about.store = store;
  }
  return about as ReadAbout;
}

function limitsOf(value: unknown): ReadAbout["limits"] | null {
  if (!isObject(value)) return null;
  const { timeout, memory, logs, concurrency, instances } = value;
  if (!isAmount(timeout) || !isAmount(memory) || !isAmount(logs) || !isAmount(concurrency)) return null;
  if (!("instances" in value)) return { timeout, memory, logs, concurrency };
  return isAmount(instances) ? { timeout, memory, logs, concurrency, instances } : null;
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown, most = Number.MAX_VALUE): value is number {
  return typeof value === "number" && value >= 0 && value <= most;
}
