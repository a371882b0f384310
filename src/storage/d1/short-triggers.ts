// Many triggers of one namespace by one query: what is short is read at once, what is long is left to who needs it.

import type { StoredEntity } from "../entity-store.ts";
import { rowsOf, sql } from "./statement.ts";

/** Characters of a document that is read with others. */
const MAX_DOCUMENT = 16_384;

/** Those of these triggers that are there and have short documents. `path`: of their namespace. */
export function shortTriggers(database: D1Database, path: string, names: readonly string[]): Promise<StoredEntity[]> {
  const listed = JSON.stringify(names);
  return rowsOf<StoredEntity>(
    database,
    sql`SELECT path, name, type, revision, updated, document FROM entities
      WHERE path = ${path} AND name IN (SELECT value FROM json_each(${listed})) AND type = 'trigger'
        AND document IS NOT NULL AND length(document) <= ${MAX_DOCUMENT}`,
  );
}
