// A namespace's records as lines of an export, page by page: each ends with a line that says how many there were and
// where the next one begins. A page whose last line is missing is not whole.

import type { ActivationRecord, Payload } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import { byteLength } from "../entities/byte-length.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { cursorOf, listNameIn, MAX_RECORD_LINE, pageLine, recordLine } from "../entities/record-line.ts";
import type { BlobStore } from "../storage/blob-store.ts";

/** Records and bytes of one page. */
export const EXPORT_PAGE = { records: 200, bytes: 32 * 1024 * 1024 } as const;

/** `records`: newest first, at least one more than a page takes where there are more. Texts of lines,
 * with their ends. */
export async function* exportedPage(
  records: AsyncIterable<ActivationRecord>,
  blobs: Pick<BlobStore, "text">,
): AsyncGenerator<string> {
  const left: ActivationId[] = [];
  let count = 0;
  let bytes = 0;
  let last: ActivationRecord | undefined;
  for await (const record of records) {
    if (last !== undefined && (count + left.length >= EXPORT_PAGE.records || bytes >= EXPORT_PAGE.bytes)) {
      yield `${pageLine({ records: count, left, next: cursorOf({ start: Math.floor(last.start), id: last.activationId }) })}\n`;
      return;
    }
    last = record;
    const line = await lineOf(record, blobs);
    if (line === null) left.push(record.activationId);
    else {
      count++;
      bytes += byteLength(line);
      yield `${line}\n`;
    }
  }
  yield `${pageLine({ records: count, left, next: null })}\n`;
}

async function lineOf(record: ActivationRecord, blobs: Pick<BlobStore, "text">): Promise<string | null> {
  // One that was damaged where it lay.
  if (record.namespace === "") return null;
  const sizes = [record.result, record.logs].map((part) => ("blob" in part ? part.size : 0));
  if (sizes.some((size) => size > MAX_RECORD_LINE)) return null;
  const [result, logs] = [await textOf(record.result, blobs), await textOf(record.logs, blobs)];
  // A blob that is gone: what is there is no whole record, and is not passed off as one.
  if (result === null || logs === null) return null;
  return recordLine(record, listNameIn(record), { result, logs });
}

async function textOf(payload: Payload, blobs: Pick<BlobStore, "text">): Promise<RawJson | null> {
  return "inline" in payload ? payload.inline : blobs.text(payload.blob);
}
