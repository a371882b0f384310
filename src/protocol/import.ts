// What an ActivationStore is asked for by whoever brings records back.

import type { ActivationRecord } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";

export interface ImportedRecord {
  record: ActivationRecord;
  /** What a list's name filter is compared with. */
  name: string;
}

/** known: there is a record of this id, or was within a day; open: the activation has not ended; full: too many records
 * wait to be handed over. */
export type ImportWord = "taken" | "known" | "open" | "full";

/** Of an ActivationStore. */
export interface ImportStoreRpc {
  /** What `import` would say of these ids, in their order. */
  importable(ids: ActivationId[]): Promise<ImportWord[]>;
  /** Kept as any record that has ended, but for callers and figures, who hear nothing of it. In their order; durable
   * when it returns. */
  import(items: ImportedRecord[]): Promise<ImportWord[]>;
}
