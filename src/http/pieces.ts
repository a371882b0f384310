// Bodies made of texts and of payloads that may lie in the blob store: large ones flow through, they are never held.

import type { Payload } from "../entities/activation.ts";
import type { BlobStore } from "../storage/blob-store.ts";

export type Piece = string | Payload;

/** A text where everything is at hand, else a stream. A blob that is gone reads as null. */
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

/** The text of one payload. */
export async function textOf(payload: Payload, blobs: Pick<BlobStore, "text">): Promise<string> {
  if ("inline" in payload) return payload.inline;
  return (await blobs.text(payload.blob)) ?? "null";
}

async function* flow(pieces: readonly Piece[], blobs: Pick<BlobStore, "get">): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const piece of pieces) {
    if (typeof piece === "string") yield encoder.encode(piece);
    else if ("blob" in piece) {
      const blob = await blobs.get(piece.blob);
      if (blob === null) yield encoder.encode("null");
      else yield* blob.body;
    }
  }
}
