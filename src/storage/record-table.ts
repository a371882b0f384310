// Activation records as rows of a database that plain SQL reads.

import type { ActivationId } from "../entities/activation-id.ts";
import type { KeptRecord, RecordFilter, RecordKey } from "../entities/kept-record.ts";
import type { NotedSearch } from "../entities/record-search.ts";

/** Where the records of activations are kept once their store object has handed them over: one database for many
 * namespaces. */
export interface RecordTable {
  /** All or none; idempotent: of an id the first record stays. Returns the bytes of the whole database. */
  put(namespaceId: string, records: readonly KeptRecord[]): Promise<number>;
  /** Of the whole database, of all namespaces. */
  bytes(): Promise<number>;
  /** So many that have been there longest, of whichever namespace, are deleted and counted as pruned. Returns the keys
   * of what was theirs in the blob store. */
  prune(count: number): Promise<string[]>;
  get(namespaceId: string, id: ActivationId): Promise<KeptRecord | null>;
  /** As lists show them: newest start first, of one start the greatest id. At most `limit`; fewer only where there are
   * no more, or where what they hold is too long for one answer: then `more`. */
  list(namespaceId: string, filter: RecordFilter, limit: number): Promise<{ records: KeptRecord[]; more: boolean }>;
  /** The same without the records: at most `limit`; fewer only where there are no more. */
  keys(namespaceId: string, filter: RecordFilter, limit: number): Promise<RecordKey[]>;
  /** Of the first `most` of a list, those that may fit the search: all that do, and perhaps others. At most `limit`.
   * `end`: what lies behind it has not been looked at; null: there is no more. `looked`: at so many at most. */
  sift(
    namespaceId: string,
    filter: RecordFilter,
    wanted: { noted: NotedSearch; limit: number; most: number },
  ): Promise<{ records: KeptRecord[]; end: RecordKey | null; looked: number }>;
  count(namespaceId: string, filter: RecordFilter): Promise<number>;
  /** Those of one shard of a namespace, oldest start first, after a place. */
  ofShard(namespaceId: string, wish: { shard: string; after: RecordKey; limit: number }): Promise<KeptRecord[]>;
  /** Those that are not there are ignored. */
  remove(namespaceId: string, ids: readonly ActivationId[]): Promise<void>;
  /** Those of these ids that are there, with their starts. */
  having(namespaceId: string, ids: readonly ActivationId[]): Promise<{ id: ActivationId; start: number }[]>;
}
