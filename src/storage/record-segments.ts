// Activation records as segments: many of one store in one object of the blob store, which are read piece by piece.

import type { KeptRecord, RecordKey } from "../entities/kept-record.ts";

/** A record in a segment, without its text. */
export interface SegmentEntry extends RecordKey {
  name: string;
  /** Where its member lies, in bytes. */
  offset: number;
  length: number;
  sum: number;
  /** Bytes of its result and logs that lie beside it in the blob store. Absent: none, or it is not known. */
  held?: number;
}

/** A segment that was written: how many bytes it has, and what is in it. */
export interface WrittenSegment {
  bytes: number;
  entries: readonly SegmentEntry[];
}

/** Segments are written once, read in pieces, and deleted whole. */
export interface RecordSegments {
  /** The same records under the same key are the same bytes. */
  put(key: string, records: readonly KeptRecord[]): Promise<WrittenSegment>;
  /** What is in it. Null if it is not there, or damaged beyond reading. */
  entries(key: string): Promise<SegmentEntry[] | null>;
  /** These of them, in this order. What was altered is not whole. */
  read(key: string, entries: readonly SegmentEntry[]): Promise<KeptRecord[]>;
  delete(keys: readonly string[]): Promise<void>;
}
