// The operator's tables and buckets as feeds read them. Nothing is ever written to them.

import type { RawJson } from "../entities/raw-json.ts";
import type { DatabaseFeed, ListedObject, SourceName } from "../entities/source.ts";

/** What of a table is asked for. */
export type TableQuery = Pick<DatabaseFeed, "table" | "cursor" | "columns">;

/** Rows in the order of their cursor. Values are JSON texts. `more`: there are more of them now. */
export interface TableRows {
  kind: "rows";
  rows: { value: RawJson; row: [column: string, value: RawJson][] }[];
  more: boolean;
}

/** What is wrong with what was asked for. */
export interface SourceFault {
  kind: "fault";
  text: string;
}

/** Expected faults are values; what the database does is thrown. */
export interface FeedTable {
  /** Rows whose cursor is behind this value (JSON text; null: all), at most `max`, and no more than about 4 MB. */
  rows(query: TableQuery, options: { after: RawJson | null; max: number }): Promise<TableRows | SourceFault>;
  /** JSON text of the greatest value of the cursor; null: there is no row. */
  newest(query: TableQuery): Promise<{ kind: "newest"; value: RawJson | null } | SourceFault>;
}

/** What the bucket does is thrown. */
export interface FeedBucket {
  /** Objects in the order of their keys, behind `after`. `more`: there are more. */
  list(options: { prefix: string; after: string }): Promise<{ objects: ListedObject[]; more: boolean }>;
}

/** What this deployment's operator has declared. */
export interface FeedSources {
  declared(): SourceName[];
  /** Null: there is no such database. */
  table(name: string): FeedTable | null;
  bucket(name: string): FeedBucket | null;
}
