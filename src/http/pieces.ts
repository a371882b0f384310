// Bodies made of texts and of payloads that may lie in the blob store: large ones flow through, they are never held.

import type { Payload } from "../entities/activation.ts";
import type { BlobStore } from "../storage/blob-store.ts";

/** A blob and the text after it; `lost`: what stands for both where the blob is gone. */
export type LosablePiece = Extract<Payload, { blob: string }> & { next: string; lost: string };

export type Piece = string | Payload | LosablePiece;

/** A text where everything is at hand, else a stream. A blob that is gone reads as null
 * where its piece says nothing else. */
export function bodyOf(pieces: Iterable<Piece>, blobs: Pick<BlobStore, "get">): string | ReadableStream<Uint8Array> {
  const list: Piece[] = [];
  let text = "";
  for (const piece of pieces) {
    if (typeof piece !== "string" && !("inline" in piece)) {
      list.push(text, piece);
      text = "";
    } else text += typeof piece === "string" ? piece : piece.inline;
  }
  if (list.length === 0) return text;
  list.push(text);
  return streamOf(flow(list, blobs));
}

/** The same where the pieces themselves are fetched one after the other: the first at once,
 * so that what fails fails as an answer. */
export async function flowing(
  pieces: AsyncGenerator<Piece>,
  blobs: Pick<BlobStore, "get">,
): Promise<ReadableStream<Uint8Array>> {
  const first = await pieces.next();
  async function* all(): AsyncGenerator<Piece> {
    if (first.done !== true) yield first.value;
    yield* pieces;
  }
  return streamOf(flow(all(), blobs));
}

/** Asks for the next part only when the reader wants it; a reader who goes away ends the parts. */
export function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

/** The same of texts. */
export function textStreamOf(parts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  async function* encoded(): AsyncGenerator<Uint8Array> {
    for await (const part of parts) yield encoder.encode(part);
  }
  return streamOf(encoded());
}

/** The text of one payload; null where its blob is gone. */
export async function textOf(payload: Payload, blobs: Pick<BlobStore, "text">): Promise<string | null> {
  return "inline" in payload ? payload.inline : blobs.text(payload.blob);
}

/** Texts leave together, up to so many characters. */
const TOGETHER_CHARACTERS = 32 * 1024;

async function* flow(
  pieces: Iterable<Piece> | AsyncIterable<Piece>,
  blobs: Pick<BlobStore, "get">,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const piece of pieces) {
    if (typeof piece === "string" || "inline" in piece) {
      text += typeof piece === "string" ? piece : piece.inline;
      if (text.length < TOGETHER_CHARACTERS) continue;
      yield encoder.encode(text);
      text = "";
      continue;
    }
    const { next, lost } = "lost" in piece ? piece : { next: "", lost: "null" };
    const blob = await blobs.get(piece.blob);
    yield encoder.encode(blob === null ? text + lost : text);
    text = "";
    if (blob === null) continue;
    yield* blob.body;
    text = next;
  }
  if (text !== "") yield encoder.encode(text);
}
