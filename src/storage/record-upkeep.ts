// One database of activation records as whoever looks after it sees it: across namespaces.

import type { ActivationId } from "../entities/activation-id.ts";
import type { KeptRecord } from "../entities/kept-record.ts";

/** What the upkeep of records asks of one database, whosever they are. */
export interface RecordUpkeep {
  /** Name of its binding. */
  readonly binding: string;
  /** Of the database, and how many records have left it early because it was nearly full. */
  fill(): Promise<{ bytes: number; pruned: number }>;
  /** Whosever it is. */
  find(id: ActivationId): Promise<{ namespaceId: string; record: KeptRecord } | null>;
}
