// What an ActivationStore is asked for by whoever looks after records: where one lies.

import type { ActivationId } from "../entities/activation-id.ts";

/** Where records go from an object: a table of D1, or segments in R2. */
export type RecordShelf = "d1" | "r2";

/** What an object knows of where one of its activations is. */
export interface LedgerPlace {
  /** waiting, running, fired: it has not ended. here: its record is in the object. handed: the record has left, the
   * object remembers the id. unstored: storing is off for it. shelved: of its id only the segment is known. none:
   * nothing is known of it. */
  state: "waiting" | "running" | "fired" | "here" | "handed" | "unstored" | "shelved" | "none";
  /** Epoch ms: of what has not ended, when it was accepted; of a record or what is left of it, when that was made. */
  since?: number;
  /** Epoch ms from which the object may forget the id. */
  until?: number;
  /** Shelves that have it, as they have confirmed. */
  shelves: RecordShelf[];
  /** Shelves that are to have it and have not confirmed it. */
  lacking: RecordShelf[];
  /** Shelves that a batch with it is on its way to. */
  moving: RecordShelf[];
  /** It started before what is kept: it is hidden, and goes from wherever it lies. */
  pruned?: true;
  /** In the blob store; `bytes` and `count` of the whole segment. `twin` "all": the table has what is in it, too. */
  segment?: { key: string; bytes: number; count: number; twin: "all" | "some" | "none" };
}

/** So many records, and bytes of them. */
export interface Amount {
  records: number;
  bytes: number;
}

/** Of a segment, what its size tells; its records' texts are compressed. */
export interface SegmentHolding {
  key: string;
  /** Epoch ms: of its records, the first start and the last. */
  minStart: number;
  maxStart: number;
  count: number;
  bytes: number;
}

/** What an object has of records that are kept, and its segments. */
export interface LedgerHoldings {
  /** Epoch ms: what started before is not kept, and counted nowhere here. */
  from: number;
  /** In the object, and of these what the table of records does not have; what is on its way counts as there. */
  here: Amount;
  own: Amount;
  /** In segments of which nothing is too old: those of whose records the table has some or all, and the others. */
  twins: Amount;
  shelved: Amount;
  /** Segments with some records that are too old, and that the table does not have. */
  mixed: SegmentHolding[];
  /** Of `own`, oldest first. `more`: there are others behind the last one. */
  oldest: { items: { start: number; bytes: number }[]; more: boolean };
  /** Of the segments that the table does not have, those whose first record is oldest;
   * and the first start behind them. */
  oldestSegments: SegmentHolding[];
  nextSegment: number | null;
}

/** Keys in the blob store that were put for one activation. */
export interface ActivationBlobs {
  id: ActivationId;
  keys: string[];
}

/** Of an ActivationStore. */
export interface UpkeepStoreRpc {
  /** Records that started before this (epoch ms) are gone for everybody when it returns, and dropped by and by, with
   * their results and logs; ids stay known as long as those of all. It never goes back. */
  retain(from: number): Promise<void>;
  holdings(): Promise<LedgerHoldings>;
  /** Of what is not there, too: `none`. */
  place(id: ActivationId): Promise<LedgerPlace>;
  /** Of these keys those that nothing here, and no record of this object wherever it lies, will ever name. To be asked
   * of blobs that are older than anything may be adopted; where its composition is known to be over. Rejects if a place
   * that may have one of the records does not answer. */
  unowned(activations: ActivationBlobs[]): Promise<string[]>;
}
