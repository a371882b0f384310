// What an ActivationStore is asked for by whoever looks after records: where one lies.

import type { ActivationId } from "../entities/activation-id.ts";

/** Where records go from an object: a table of D1, or segments in R2. */
export type RecordShelf = "d1" | "r2";

/** What an object knows of where one of its activations is. */
export interface LedgerPlace {
  /** waiting, running, fired: it has not ended. here: its record is in the object. handed: the record has left, the object remembers
   * the id. unstored: storing is off for it. shelved: of its id only the segment is known. none: nothing is known of it. */
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
  /** In the blob store; `bytes` and `count` of the whole segment. `twin` "all": the table has what is in it, too. */
  segment?: { key: string; bytes: number; count: number; twin: "all" | "some" | "none" };
}

/** Of an ActivationStore. */
export interface UpkeepStoreRpc {
  /** Of what is not there, too: `none`. */
  place(id: ActivationId): Promise<LedgerPlace>;
}
