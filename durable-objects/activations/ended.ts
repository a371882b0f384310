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
  /** Why it waited last, or "". */
  waitReason?: string | undefined;
}

export interface Ended {
  record: ActivationRecord;
  namespaceId: string;
  /** Keys of blobs nobody needs any more. */
  blobs: string[];
  /** False where storing is off: the record must be emptied later. */
  kept: boolean;
  /** It has a place among those that run at a time. */
  hasPermit: boolean;
}
