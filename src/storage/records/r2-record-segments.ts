// Segments in the blob store.

import type { KeptRecord } from "../../entities/kept-record.ts";
import { log } from "../../log.ts";
import type { BlobStore } from "../blob-store.ts";
import type { RecordSegments, SegmentEntry, WrittenSegment } from "../record-segments.ts";
import { encodeSegment, readEntries, readMember, TAIL, tailLength } from "./segment.ts";

/** Bytes between two wanted members that are read along, since another read costs more. */
const GAP = 64 * 1024;

/** Segments over the blob store: the tail first, then only the members that are wanted. */
export class R2RecordSegments implements RecordSegments {
  readonly #blobs: Pick<BlobStore, "put" | "part" | "delete">;

  constructor(blobs: Pick<BlobStore, "put" | "part" | "delete">) {
    this.#blobs = blobs;
  }

  async put(key: string, records: readonly KeptRecord[]): Promise<WrittenSegment> {
    const { bytes, entries } = await encodeSegment(records);
    await this.#blobs.put(key, bytes);
    return { bytes: bytes.length, entries };
  }

  async entries(key: string): Promise<SegmentEntry[] | null> {
    const tail = await this.#blobs.part(key, { suffix: TAIL });
    const length = tail === null ? null : tailLength(tail);
    if (tail === null || length === null) return this.#unreadable(key);
    // The last footer may be all there: the one before it is wanted only where that is damaged.
    const found = readEntries(tail);
    if (found !== null || length <= tail.length) return found ?? this.#unreadable(key);
    const whole = await this.#blobs.part(key, { suffix: length });
    return (whole === null ? null : readEntries(whole)) ?? this.#unreadable(key);
  }

  async read(key: string, entries: readonly SegmentEntry[]): Promise<KeptRecord[]> {
    const records = new Map<string, KeptRecord>();
    for (const run of runsOf(entries)) {
      const [first, last] = [run[0], run.at(-1)];
      if (first === undefined || last === undefined) continue;
      const length = last.offset + last.length - first.offset;
      const bytes = await this.#blobs.part(key, { offset: first.offset, length });
      for (const entry of run) {
        const at = entry.offset - first.offset;
        const member = bytes?.subarray(at, at + entry.length) ?? new Uint8Array(0);
        records.set(entry.id, await readMember(entry, member));
      }
    }
    return entries.flatMap((entry) => records.get(entry.id) ?? []);
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#blobs.delete([...keys]);
  }

  #unreadable(key: string): null {
    log.error("segment-unreadable", { segment: key, text: "it is missing, or damaged beyond reading" });
    return null;
  }
}

/** In groups that lie close together, by place. */
function runsOf(entries: readonly SegmentEntry[]): SegmentEntry[][] {
  const runs: SegmentEntry[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const entry of entries.toSorted((one, other) => one.offset - other.offset)) {
    if (entry.offset - end > GAP) runs.push([]);
    runs.at(-1)?.push(entry);
    end = entry.offset + entry.length;
  }
  return runs;
}
