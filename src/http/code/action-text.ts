// An action as it is shown: its text with the code in it. Long code flows through, escaped piece by piece and never held.

import type { Action } from "../../entities/action.ts";
import { showAction } from "../../entities/action-document.ts";
import { chunksOf } from "../../entities/chunks.ts";
import { escapeBytes } from "../../entities/json-string.ts";
import { MB } from "../../entities/limits.ts";
import type { BlobStore } from "../../storage/blob-store.ts";

/** Bytes of code that are put into the text whole. */
const IN_MEMORY = MB;

export interface ShowOptions {
  code: boolean;
  blobs: Pick<BlobStore, "get">;
  /** The code's bytes, where they are at hand. */
  held?: readonly Uint8Array[] | null;
  /** Keeps the flow going after the head of the answer has left. */
  later(work: Promise<unknown>): void;
}

/** Null if the code is nowhere. */
export async function actionText(
  action: Action,
  options: ShowOptions,
): Promise<string | ReadableStream<Uint8Array> | null> {
  const shown = showAction(action, options);
  if ("whole" in shown) return shown.whole;
  const { before, code, after } = shown;
  if (options.held != null) return before + escaped(textOf(options.held)) + after;
  const blob = await options.blobs.get(code.key);
  if (blob === null) return null;
  if (code.size <= IN_MEMORY) return before + escaped(await wholeText(blob.body)) + after;
  const { readable, writable } = new IdentityTransformStream();
  options.later(pump(blob.body, { writable, before, after }).catch(() => undefined));
  return readable;
}

/** If the reader goes away, the writes fail and the blob is let go. */
async function pump(
  body: ReadableStream<Uint8Array>,
  to: { writable: WritableStream<Uint8Array>; before: string; after: string },
): Promise<void> {
  const encoder = new TextEncoder();
  const writer = to.writable.getWriter();
  try {
    await writer.write(encoder.encode(to.before));
    for await (const chunk of chunksOf(body)) await writer.write(escapeBytes(chunk));
    await writer.write(encoder.encode(to.after));
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

async function wholeText(body: ReadableStream<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunksOf(body)) pieces.push(chunk.slice());
  return textOf(pieces);
}

function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
