// A host's frame to messages, on the hot path: one JSON.parse, then `result` and `record` are checked by hand for what this
// side relies on; the rare messages go through their schemas. A message that makes no sense is left out and named, a frame
// that makes none is refused as a whole.

import { byteLength } from "../../src/entities/byte-length.ts";
import { HostMessage, MAX_BATCH, MAX_FRAME } from "../../src/protocol/messages.ts";

export type HostFrame = { ok: true; messages: HostMessage[]; skipped?: string } | { ok: false; reason: string };

type Loose = Record<string, unknown>;

export function readHostFrame(frame: unknown): HostFrame {
  if (typeof frame !== "string") return { ok: false, reason: "frame is not text" };
  if (frame.length > MAX_FRAME || (frame.length * 3 > MAX_FRAME && byteLength(frame) > MAX_FRAME)) {
    return { ok: false, reason: "frame is too large" };
  }
  let list: unknown;
  try {
    list = JSON.parse(frame);
  } catch {
    return { ok: false, reason: "frame is not JSON" };
  }
  if (!Array.isArray(list)) return { ok: false, reason: "frame is not a list of messages" };
  if (list.length > MAX_BATCH) return { ok: false, reason: "frame has too many messages" };
  const messages: HostMessage[] = [];
  let skipped: string | undefined;
  for (const item of list as unknown[]) {
    const message = readMessage(item);
    if (typeof message === "string") skipped = message;
    else messages.push(message);
  }
  return skipped === undefined ? { ok: true, messages } : { ok: true, messages, skipped };
}

function readMessage(item: unknown): HostMessage | string {
  if (!isObject(item)) return "message is not an object";
  if (item.t === "result" || item.t === "record") {
    if (!isRunWord(item)) return `${item.t} without id, attempt or lease`;
    if (!isCompletion(item.completion)) return `${item.t} ${String(item.id)} with a malformed completion`;
    if (item.t === "record" && !isAbout(item.about)) return `record ${String(item.id)} with a malformed about`;
    return item as HostMessage;
  }
  const parsed = HostMessage.safeParse(item);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `message not understood: ${String(item.t).slice(0, 20)} ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`;
}

function isRunWord(item: Loose): boolean {
  const { id, attempt, lease } = item;
  if (typeof id !== "string" || id.length !== 32) return false;
  if (!isCount(attempt) || attempt < 1 || !isObject(lease)) return false;
  return isCount(lease.epoch) && isCount(lease.counter);
}

function isCompletion(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { statusCode, result, logs, initTime, host, logsCut } = value;
  if (statusCode !== 0 && statusCode !== 1 && statusCode !== 2 && statusCode !== 3) return false;
  if (!isPayload(result) || (logs !== undefined && !isPayload(logs))) return false;
  if (!isAmount(value.size) || !isAmount(value.duration) || !isAmount(value.endedAgo)) return false;
  if (initTime !== undefined && !isAmount(initTime)) return false;
  if (logsCut !== undefined && !isAmount(logsCut)) return false;
  if (host !== undefined && typeof host !== "string") return false;
  return typeof value.timedOut === "boolean" && typeof value.engine === "string" && typeof value.ran === "boolean";
}

function isAbout(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.limits)) return false;
  const { namespace, namespaceId, subject, name, version, path, kind, acceptedAt, limits } = value;
  for (const text of [namespace, namespaceId, subject, name, version, path, kind]) {
    if (typeof text !== "string" || text.length > 1024) return false;
  }
  for (const text of [value.binding, value.cause]) if (text !== undefined && typeof text !== "string") return false;
  return isAmount(acceptedAt) && isAmount(limits.timeout) && isAmount(limits.memory) && isAmount(limits.concurrency);
}

function isPayload(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value.inline === "string" || (typeof value.blob === "string" && isAmount(value.size));
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY;
}
