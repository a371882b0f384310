// One database of activation records as whoever looks after it sees it: across namespaces.

import type { ActivationId } from "../entities/activation-id.ts";
import type { KeptRecord } from "../entities/kept-record.ts";
import type { OldRecord } from "../entities/retention.ts";

/** A record that is to go. */
export interface ExpiredRow {
  id: ActivationId;
  /** Of its text, its result and its logs. */
  bytes: number;
  /** Keys of what is its own in the blob store. */
  blobs: string[];
}

/** What the upkeep of records asks of one database, whosever they are. Each question is bounded. */
export interface RecordUpkeep {
  /** Name of its binding. */
  readonly binding: string;
  /** Of the database, and how many records have left it early because it was nearly full. */
  fill(): Promise<{ bytes: number; pruned: number }>;
  /** Whosever it is. */
  find(id: ActivationId): Promise<{ namespaceId: string; record: KeptRecord } | null>;
  /** Counts records that came since it was done last, so that `usage` need not: some thousand at most,
   * in so many steps. */
  countUp(steps: number): Promise<void>;
  /** Of all of these together. */
  usage(namespaceIds: readonly string[]): Promise<{ records: number; bytes: number }>;
  /** Oldest first; fewer than `limit` only where there are no more. */
  oldest(namespaceId: string, limit: number): Promise<OldRecord[]>;
  /** What started before (epoch ms), oldest first. */
  expired(namespaceId: string, before: number, limit: number): Promise<ExpiredRow[]>;
  /** Counts what is there still. Their blobs have been deleted by then. */
  delete(namespaceId: string, rows: readonly ExpiredRow[]): Promise<void>;
}
