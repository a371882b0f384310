// Terminal records: one per id, the first one for good.

import {
  type ActivationMeta,
  type ActivationRecord,
  type Completion,
  recordOf,
} from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { isWhole, keptOf, readKept } from "../../src/entities/kept-record.ts";
import type { ActivationQuery } from "../../src/protocol/rpc.ts";
import type { Sql, SqlValue } from "../shared/schema.ts";

/** ms a record whose storing is off stays readable for callers who wait for it. */
export const UNKEPT_FOR = 60_000;
/** ms its tombstone stays, so that a late repetition finds it. */
const TOMBSTONE_FOR = 24 * 3_600_000;
/** Characters of records in one answer; what is beyond is left to the next page. */
const MAX_LISTED = 16 * 1024 * 1024;
const PAGE = 200;
const INSERT = `INSERT INTO records (id, start, name, kept, stored, record, sum) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING RETURNING 1 AS new`;

type Row = { id: string; start: number; record: string; sum: number };

const WITH_BLOBS = `SELECT record FROM records WHERE kept = 0 AND stored <= ?
  AND iif(json_valid(record), coalesce(record ->> '$.result.blob', record ->> '$.logs.blob') IS NOT NULL, 0)`;

export class Records {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The record that was made, or null if the id has one already. */
  put(
    id: ActivationId,
    about: ActivationMeta,
    options: { completion: Completion; now: number },
  ): ActivationRecord | null {
    const record = recordOf(id, about, options);
    const kept = about.store !== false;
    return this.keep(record, { name: filterName(about), kept, now: options.now }) ? record : null;
  }

  /** False if the id has a record already. */
  keep(record: ActivationRecord, options: { name: string; kept: boolean; now: number }): boolean {
    const { name, kept, now } = options;
    const { id, start, text, sum } = keptOf(record, name);
    const values = [id, start, name, kept ? 1 : 0, now, text, sum];
    return this.#sql.exec(INSERT, ...values).toArray().length > 0;
  }

  has(id: ActivationId): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM records WHERE id = ?", id).toArray().length > 0;
  }

  /** Of these blob keys those that the record names; all of them if it cannot be read. Null if there is no record. */
  named(id: ActivationId, keys: readonly string[]): string[] | null {
    const [row] = this.#sql.exec<Row>("SELECT id, start, record, sum FROM records WHERE id = ?", id).toArray();
    if (row === undefined) return null;
    return row.record === "" || isWhole({ text: row.record, sum: row.sum })
      ? keys.filter((key) => row.record.includes(key))
      : [...keys];
  }

  /** `unkept`: also one whose storing is off, as long as it is there. */
  get(id: ActivationId, options: { unkept: boolean }): ActivationRecord | null {
    const [row] = this.#sql
      .exec<Row & { kept: number }>("SELECT id, start, record, sum, kept FROM records WHERE id = ?", id)
      .toArray();
    if (row === undefined || row.record === "" || (row.kept === 0 && !options.unkept)) return null;
    return readRecord(row);
  }

  /** Newest start first. */
  list(query: ActivationQuery): ActivationRecord[] {
    const { where, bindings } = condition(query);
    const found: ActivationRecord[] = [];
    let characters = 0;
    let { limit, skip } = query;
    while (limit > 0 && characters < MAX_LISTED) {
      const size = Math.min(limit, PAGE);
      const rows = this.#sql
        .exec<Row>(
          `SELECT id, start, record, sum FROM records WHERE ${where} ORDER BY start DESC LIMIT ? OFFSET ?`,
          ...bindings,
          size,
          skip,
        )
        .toArray();
      for (const row of rows) {
        found.push(readRecord(row));
        characters += row.record.length;
      }
      if (rows.length < size) break;
      limit -= size;
      skip += size;
    }
    return found;
  }

  /** How many of the query's page there are. */
  count(query: ActivationQuery): number {
    const { where, bindings } = condition(query);
    return this.#sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM (SELECT 1 FROM records WHERE ${where} LIMIT ? OFFSET ?)`,
        ...bindings,
        query.limit,
        query.skip,
      )
      .one().n;
  }

  /** Empties records whose storing is off and drops old tombstones. Returns when there is more to empty, or null; and the blobs
   * that were theirs. */
  purge(now: number): { next: number | null; blobs: string[] } {
    const blobs: string[] = [];
    const sql = this.#sql;
    const [oldest] = sql
      .exec<{ stored: number }>("SELECT stored FROM records WHERE kept = 0 ORDER BY stored LIMIT 1")
      .toArray();
    if (oldest === undefined) return { next: null, blobs };
    const emptied = now - UNKEPT_FOR;
    if (oldest.stored <= emptied) {
      for (const { record } of sql.exec<{ record: string }>(WITH_BLOBS, emptied).toArray())
        blobs.push(...blobsOf(record));
      sql.exec("UPDATE records SET record = '' WHERE kept = 0 AND stored <= ? AND record <> ''", emptied);
      sql.exec("DELETE FROM records WHERE kept = 0 AND stored <= ?", now - TOMBSTONE_FOR);
    }
    const [next] = sql
      .exec<{ stored: number }>(
        "SELECT stored FROM records WHERE kept = 0 AND stored > ? ORDER BY stored LIMIT 1",
        emptied,
      )
      .toArray();
    return { next: next === undefined ? null : next.stored + UNKEPT_FOR, blobs };
  }
}

function readRecord({ id, start, record: text, sum }: Row): ActivationRecord {
  return readKept({ id, start, text, sum }, () => console.error(`the record of activation ${id} is damaged`));
}

/** Where the result and the logs of a record lie, if not in it. A sequence's result may be that of its last step: not its own. */
function blobsOf(text: string): string[] {
  const { activationId, result, logs } = JSON.parse(text) as ActivationRecord;
  const keys = [result, logs].flatMap((payload) => ("blob" in payload ? [payload.blob] : []));
  return keys.filter((key) => key.includes(`/${activationId}/`));
}

/** What a list's name filter is compared with: `name`, or `package/name` for packaged actions, where the package is the
 * binding's if the call came through one. */
export function filterName(about: ActivationMeta): string {
  const through = about.binding?.split("/")[1];
  if (through !== undefined) return `${through}/${about.name}`;
  const path = about.path.split("/");
  return path.length === 3 ? `${path[1]}/${about.name}` : about.name;
}

function condition(query: ActivationQuery): { where: string; bindings: SqlValue[] } {
  let where = "kept = 1";
  const bindings: SqlValue[] = [];
  if (query.name !== undefined) {
    where += " AND name = ?";
    bindings.push(query.name);
  }
  if (query.since !== undefined) {
    where += " AND start >= ?";
    bindings.push(query.since);
  }
  if (query.upto !== undefined) {
    where += " AND start <= ?";
    bindings.push(query.upto);
  }
  return { where, bindings };
}
