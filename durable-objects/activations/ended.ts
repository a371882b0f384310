// What is left to do when an activation has ended.

import type { ActivationMeta, ActivationRecord, Completion } from "../../src/entities/activation.ts";
import type { RunBy } from "../../src/entities/record-meta.ts";

/** How one ends. `keys`: of blobs nobody needs then, or "". */
export interface RowEnd {
  about: ActivationMeta;
  completion: Completion;
  now: number;
  by?: RunBy;
  keys: string[];
  /** Why it waited last, or "". Absent: it had no row. */
  waitReason?: string | undefined;
}

export interface Ended {
  record: ActivationRecord;
  namespaceId: string;
  /** Keys of blobs nobody needs any more. */
  blobs: string[];
  /** False where storing is off: the record must be emptied later. */
  kept: boolean;
  permit: PermitHolder;
}

/** Who gives back its place among those that run at a time: nobody, where it has none; its row's store; or, where it
 * never had a row, whoever called, and its store in case he was lost. */
export type PermitHolder = "none" | "store" | "caller";

export function permitOf({ about, by, waitReason }: RowEnd): PermitHolder {
  if (about.permitMs === undefined) return "none";
  return by !== undefined && waitReason === undefined ? "caller" : "store";
}
