// An action as it is shown: its text with the code in it. Long code flows through,
// escaped piece by piece and never held.

import type { Action, CodeRef } from "../../entities/action.ts";
import { showAction } from "../../entities/action-document.ts";
import { chunksOf } from "../../entities/chunks.ts";
import { escapeBytes } from "../../entities/json-string.ts";
import { MB } from "../../entities/limits.ts";
import { faultText } from "../../entities/log-level.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { log } from "../../log.ts";
import type { BlobStore } from "../../storage/blob-store.ts";
import { CodeCheck, wholeCode } from "./stored-code.ts";

/** Bytes of code that are put into the text whole. */
const IN_MEMORY_BYTES = MB;

/** How much of an action is shown, and where its code is to be had. */
export interface ShowOptions {
  code: boolean;
  /** The answer is to a write that has been made: it does without code that cannot be read. */
  written: boolean;
  blobs: Pick<BlobStore, "get">;
  /** The code's bytes, where they are at hand. */
  held?: readonly Uint8Array[] | null;
  /** Keeps the flow going after the head of the answer has left. */
  later(work: Promise<unknown>): void;
}

/** Fails with `code-damaged` if the code is not there or not whole. Of long code only its beginning is known when this
 * returns: what is wrong further on ends the stream with an error. */
export async function shownAction(
  action: Action,
  options: ShowOptions,
): Promise<Result<string | ReadableStream<Uint8Array>>> {
  const text =
    (await actionText(action, options)) ??
    (options.written ? await actionText(action, { ...options, held: null, code: false }) : null);
  return text === null ? fail("code-damaged", `/${action.namespace}/${action.name}`) : ok(text);
}

/** Null if the code is not there or not whole. */
async function actionText(action: Action, options: ShowOptions): Promise<string | ReadableStream<Uint8Array> | null> {
  const shown = showAction(action, options);
  if ("whole" in shown) return shown.whole;
  const { before, code, after } = shown;
  if (options.held != null) return before + escaped(textOf(options.held)) + after;
  if (code.size <= IN_MEMORY_BYTES) {
    const pieces = await wholeCode(options.blobs, code);
    return pieces === null ? null : before + escaped(textOf(pieces)) + after;
  }
  const blob = await options.blobs.get(code.key);
  if (blob === null) return null;
  const chunks = chunksOf(blob.body);
  const first = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
  if (first.done === true) return null;
  const { readable, writable } = new IdentityTransformStream();
  const flow = pump({ first: first.value, chunks, code }, { writable, before, after });
  options.later(flow.catch((error: unknown) => log.error("code-not-sent", { blob: code.key, text: faultText(error) })));
  return readable;
}

/** If the reader goes away, the writes fail and the blob is let go. */
async function pump(
  from: { first: Uint8Array; chunks: AsyncGenerator<Uint8Array, void>; code: CodeRef },
  to: { writable: WritableStream<Uint8Array>; before: string; after: string },
): Promise<void> {
  const encoder = new TextEncoder();
  const writer = to.writable.getWriter();
  try {
    await writer.write(encoder.encode(to.before));
    const check = new CodeCheck(from.code);
    const pass = async (chunk: Uint8Array) => {
      await check.push(chunk);
      await writer.write(escapeBytes(chunk));
    };
    await pass(from.first);
    for await (const chunk of from.chunks) await pass(chunk);
    if (!(await check.whole())) throw new Error("it is damaged in the store");
    await writer.write(encoder.encode(to.after));
    await writer.close();
  } catch (error) {
    await from.chunks.return();
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
