// Frame to messages and back. A frame is the JSON text of an array of messages; the receiver refuses what is too large,
// too many, or unknown, and says which.

import type { z } from "zod";
import { byteLength } from "../entities/byte-length.ts";
import { HostMessage, MAX_BATCH, MAX_FRAME, SchedulerMessage } from "./messages.ts";

export type Decoded<T> = { ok: true; messages: T[] } | { ok: false; reason: string };

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

export function decodeHostFrame(frame: unknown): Decoded<HostMessage> {
  return decode(frame, HostMessage);
}

export function decodeSchedulerFrame(frame: unknown): Decoded<SchedulerMessage> {
  return decode(frame, SchedulerMessage);
}

function decode<T>(frame: unknown, schema: z.ZodType<T>): Decoded<T> {
  if (typeof frame !== "string") return { ok: false, reason: "frame is not text" };
  if (frame.length > MAX_FRAME || byteLength(frame) > MAX_FRAME) return { ok: false, reason: "frame is too large" };
  let list: unknown;
  try {
    list = JSON.parse(frame);
  } catch {
    return { ok: false, reason: "frame is not JSON" };
  }
  if (!Array.isArray(list)) return { ok: false, reason: "frame is not a list of messages" };
  if (list.length > MAX_BATCH) return { ok: false, reason: "frame has too many messages" };
  const messages: T[] = [];
  for (const item of list) {
    const parsed = schema.safeParse(item);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return { ok: false, reason: `message not understood: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}` };
    }
    messages.push(parsed.data);
  }
  return { ok: true, messages };
}
