// Where records go from the object that made them: a table, segments, or both.

import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import type { RecordBounds } from "../entities/record-bounds.ts";
import type { RecordSegments } from "./record-segments.ts";
import type { RecordTable } from "./record-table.ts";

/** Of one object: which places are wanted, and how each is reached. */
export interface RecordShelves {
  /** Null: nobody has said where; nothing is moved. */
  mode: ActivationStoreMode | null;
  /** The one that a namespace was given, by its permanent id or a former one. */
  tableOf(namespaceId: string): Promise<RecordTable>;
  segments: RecordSegments;
  /** Results and logs of records that go. */
  discard(keys: readonly string[]): Promise<void>;
  bounds: RecordBounds;
}
