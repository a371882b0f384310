// What is in a segment never changes: whoever reads lists asks it once, and not for each list.

import type { RecordSegments, SegmentEntry } from "../record-segments.ts";

/** Entries that are remembered at most: some 200 bytes each. */
const MAX_ENTRIES = 40_000;

/** Segments whose entries are remembered, the last used ones; for those who are told which segments there are. Shared
 * by the requests of an isolate. */
export class KnownSegments {
  readonly #known = new Map<string, readonly SegmentEntry[]>();
  #size = 0;

  /** The same segments with this memory before them. */
  before(segments: RecordSegments): RecordSegments {
    return {
      put: (key, records) => segments.put(key, records),
      read: (key, entries) => segments.read(key, entries),
      delete: (keys) => segments.delete(keys),
      entries: async (key) => {
        const known = this.#known.get(key);
        const entries = known ?? (await segments.entries(key));
        if (entries !== null) this.#use(key, entries);
        return entries === null ? null : [...entries];
      },
    };
  }

  /** What cannot be read is asked for again. */
  #use(key: string, entries: readonly SegmentEntry[]): void {
    this.#forget(key);
    this.#known.set(key, entries);
    this.#size += entries.length;
    for (const oldest of this.#known.keys()) {
      if (this.#size <= MAX_ENTRIES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#size -= this.#known.get(key)?.length ?? 0;
    this.#known.delete(key);
  }
}
