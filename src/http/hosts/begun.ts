// Blobs as they are answered: nothing is said before it is known that there are bytes.

import { faultText } from "../../entities/log-level.ts";
import { log } from "../../log.ts";

/** A blob's bytes once the first of them are there, or null if there are none although there should be. */
export async function begun(
  blob: { body: ReadableStream<Uint8Array>; size: number },
  later: (work: Promise<unknown>) => void,
): Promise<ReadableStream<Uint8Array> | null> {
  if (blob.size === 0) return blob.body;
  const reader = blob.body.getReader();
  const first = await reader.read().catch(() => ({ done: true as const, value: undefined }));
  reader.releaseLock();
  if (first.done === true) return null;
  const { readable, writable } = new FixedLengthStream(blob.size);
  const flow = async () => {
    const writer = writable.getWriter();
    await writer.write(first.value);
    writer.releaseLock();
    await blob.body.pipeTo(writable);
  };
  later(flow().catch((error: unknown) => log.warn("blob-cut-short", { text: faultText(error) })));
  return readable;
}
