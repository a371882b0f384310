// Which segments hold this object's records: one row each, from which it is known where an id lies, which segments a list must
// look into, and how many records there are. What is in a segment, itself says.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { KeptRecord } from "../../src/entities/kept-record.ts";
import { isPacked, packIds } from "../../src/entities/packed-ids.ts";
import type { SegmentRef } from "../../src/protocol/rpc.ts";
import type { Sql } from "../shared/schema.ts";

export class Segments {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nothing happens if it is known. `twin` "all": the table has its records as well, or will before they leave the object. */
  add(key: string, records: readonly KeptRecord[], options: { bytes: number; twin: SegmentRef["twin"] }): void {
    const ids = records.map((each) => each.id).sort();
    const starts = records.map((each) => each.start);
    const names: Record<string, number> = {};
    for (const { name } of records) names[name] = (names[name] ?? 0) + 1;
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#sql.exec(
      `INSERT INTO segments (key, min_id, max_id, min_start, max_start, count, bytes, twin, names, ids)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
      ...[key, first, last, Math.min(...starts), Math.max(...starts), ids.length, options.bytes, options.twin],
      ...[JSON.stringify(names), packIds(ids)],
    );
  }

  /** The segment that holds this id. */
  keyOf(id: ActivationId): string | undefined {
    const rows = this.#sql.exec<{ key: string; ids: string }>(
      "SELECT key, ids FROM segments WHERE min_id <= ?1 AND max_id >= ?1",
      id,
    );
    return rows.toArray().find((row) => isPacked(row.ids, id))?.key;
  }

  /** Those in which there may be records of this name and time, newest first. */
  refs(range: { name?: string; since?: number; upto?: number }): SegmentRef[] {
    const { name, since = 0, upto = Number.MAX_SAFE_INTEGER } = range;
    const named = name === undefined ? "" : "AND EXISTS (SELECT 1 FROM json_each(names) WHERE key = ?3)";
    const count = name === undefined ? "count" : "(SELECT value FROM json_each(names) WHERE key = ?3)";
    return this.#sql
      .exec<{ key: string; minStart: number; maxStart: number; count: number; twin: SegmentRef["twin"] }>(
        `SELECT segments.key AS key, min_start AS minStart, max_start AS maxStart, ${count} AS count, twin FROM segments
          WHERE max_start >= ?1 AND min_start <= ?2 ${named} ORDER BY max_start DESC`,
        ...[since, upto, ...(name === undefined ? [] : [name])],
      )
      .toArray();
  }
}
