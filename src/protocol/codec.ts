// Frame to messages and back. A frame is the JSON text of an array of messages; the receiver refuses what is too large
// or too many; a scheduler leaves out what it does not understand, a host hangs up on it. What is refused is named.

import type { z } from "zod";
import { byteLength } from "../entities/byte-length.ts";
import { HostMessage, MAX_BATCH, MAX_FRAME, SchedulerMessage } from "./messages.ts";
import { isPlainRun } from "./plain-run.ts";
import { readRunWord } from "./run-words.ts";

/** What a frame held, in its order, or one sentence that says why it was refused as a whole. */
export type Decoded<T> = { ok: true; messages: T[] } | { ok: false; reason: string };

/** One frame, whatever its size: only for messages that are known to be short. `encodeFrames` keeps the receiver's
 * limits. */
export function encodeFrame(messages: readonly (HostMessage | SchedulerMessage)[]): string {
  return JSON.stringify(messages);
}

/** One message as text, measured. */
export interface EncodedMessage {
  text: string;
  /** UTF-8 bytes of the text. */
  bytes: number;
}

/** Throws RangeError if no frame takes the message. */
export function encodeMessage(message: HostMessage | SchedulerMessage): EncodedMessage {
  const text = JSON.stringify(message);
  const bytes = byteLength(text);
  if (bytes + 2 > MAX_FRAME) throw new RangeError(`message ${message.t} has ${bytes} bytes, more than a frame takes`);
  return { text, bytes };
}

/** Puts messages into as few frames as the receiver's limits allow, in order. */
export function packFrames(messages: readonly EncodedMessage[]): string[] {
  const [only] = messages;
  if (only !== undefined && messages.length === 1) return [`[${only.text}]`];
  const frames: string[] = [];
  let batch: string[] = [];
  let size = 2;
  for (const { text, bytes } of messages) {
    if (batch.length === MAX_BATCH || (batch.length > 0 && size + bytes + 1 > MAX_FRAME)) {
      frames.push(`[${batch.join(",")}]`);
      batch = [];
      size = 2;
    }
    batch.push(text);
    size += bytes + 1;
  }
  if (batch.length > 0) frames.push(`[${batch.join(",")}]`);
  return frames;
}

/** Splits messages into frames that keep the receiver's limits. Messages larger than a frame are the sender's bug. */
export function encodeFrames(messages: readonly (HostMessage | SchedulerMessage)[]): string[] {
  return packFrames(messages.map(encodeMessage));
}

/** A message that makes no sense is left out and named in `skipped`, the last one of several; a frame that makes none
 * is refused as a whole. */
export function decodeHostFrame(frame: unknown): Decoded<HostMessage> & { skipped?: string } {
  const list = listOf(frame);
  if (typeof list === "string") return { ok: false, reason: list };
  const messages: HostMessage[] = [];
  let skipped: string | undefined;
  for (const item of list) {
    const message = readHostMessage(item);
    if (typeof message === "string") skipped = message;
    else messages.push(message);
  }
  return skipped === undefined ? { ok: true, messages } : { ok: true, messages, skipped };
}

/** The scheduler is trusted, and not understanding it means that one of the two is too old:
 * all of the frame is refused. */
export function decodeSchedulerFrame(frame: unknown): Decoded<SchedulerMessage> {
  const list = listOf(frame);
  if (typeof list === "string") return { ok: false, reason: list };
  const messages: SchedulerMessage[] = [];
  for (const item of list) {
    if (isPlainRun(item)) {
      messages.push(item);
      continue;
    }
    const parsed = SchedulerMessage.safeParse(item);
    if (!parsed.success) return { ok: false, reason: complaintOf(item, parsed.error) };
    messages.push(parsed.data);
  }
  return { ok: true, messages };
}

/** The message, or what is wrong with it. */
function readHostMessage(item: unknown): HostMessage | string {
  if (typeof item === "object" && item !== null && "t" in item && (item.t === "result" || item.t === "record")) {
    return readRunWord(item);
  }
  const parsed = HostMessage.safeParse(item);
  return parsed.success ? parsed.data : complaintOf(item, parsed.error);
}

function complaintOf(item: unknown, error: z.ZodError): string {
  const [issue] = error.issues;
  const t = typeof item === "object" && item !== null && "t" in item ? String(item.t).slice(0, 20) : typeof item;
  return `message not understood: ${t} ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.slice(0, 300);
}

/** The frame's items, or why it is none. */
function listOf(frame: unknown): unknown[] | string {
  if (typeof frame !== "string") return "frame is not text";
  // A character has three bytes at most: short frames need no counting.
  if (frame.length > MAX_FRAME || (frame.length * 3 > MAX_FRAME && byteLength(frame) > MAX_FRAME)) {
    return "frame is too large";
  }
  let list: unknown;
  try {
    list = JSON.parse(frame);
  } catch {
    return "frame is not JSON";
  }
  if (!Array.isArray(list)) return "frame is not a list of messages";
  return list.length > MAX_BATCH ? "frame has too many messages" : list;
}
