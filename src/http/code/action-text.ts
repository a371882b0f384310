// An action as it is shown: its text with the code flowing through it, escaped piece by piece and never held whole.

import type { Action } from "../../entities/action.ts";
import { showAction } from "../../entities/action-document.ts";
import { escapeBytes } from "../../entities/json-string.ts";
import type { BlobStore } from "../../storage/blob-store.ts";

const SLICE = 64 * 1024;

/** `held`: the code's bytes, where they are at hand. Null if the code is nowhere. */
export async function actionText(
  action: Action,
  options: { code: boolean; blobs: Pick<BlobStore, "get">; held?: readonly Uint8Array[] | null },
): Promise<string | ReadableStream<Uint8Array> | null> {
  const shown = showAction(action, options);
  if ("whole" in shown) return shown.whole;
  const source = options.held ?? (await options.blobs.get(shown.code.key))?.body;
  if (source === undefined) return null;
  return streamOf(pieces(source, shown));
}

async function* pieces(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { before, after }: { before: string; after: string },
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(before);
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += SLICE) yield escapeBytes(chunk.subarray(at, at + SLICE));
  }
  yield encoder.encode(after);
}

function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
