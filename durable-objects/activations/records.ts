// Terminal records: one per id, the first one for good.

import {
  type ActivationMeta,
  type ActivationRecord,
  type Completion,
  recordOf,
} from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { blobsOf } from "../../src/entities/blob-keys.ts";
import { metaOf } from "../../src/entities/describe-record.ts";
import {
  isWhole,
  keptOf,
  type RecordFilter,
  type RecordKey,
  readKept,
  UNCHECKED,
} from "../../src/entities/kept-record.ts";
import type { RunBy } from "../../src/entities/record-meta.ts";
import { log } from "../../src/log.ts";
import type { Sql, SqlValue } from "../shared/schema.ts";
import { FigureBook } from "./figures.ts";

/** ms a record whose storing is off stays readable for callers who wait for it. */
export const UNKEPT_FOR = 60_000;
/** ms its tombstone stays, so that a late repetition finds it. */
const TOMBSTONE_FOR = 24 * 3_600_000;
/** The same of what was handed over: longer than anything is adopted by an id whose time
 * another machine's clock says. */
export const HANDED_FOR = TOMBSTONE_FOR + 600_000;
/** `kept` of a tombstone whose record lies elsewhere. */
const HANDED = 2;
/** ms between two rounds of dropping. */
const DROP_PAUSE = 1_000;
/** Tombstones dropped in one round. */
const MAX_DROPPED = 2_000;
/** Characters of records in one answer; what is beyond is left to the next page. */
const MAX_LISTED = 16 * 1024 * 1024;
const PAGE = 200;
const INSERT = `INSERT INTO records (id, start, name, kept, stored, record, sum) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING RETURNING 1 AS new`;

type Row = { id: string; start: number; record: string; sum: number };

const WITH_BLOBS = `SELECT record FROM records WHERE kept = 0 AND stored <= ?
  AND iif(json_valid(record), coalesce(record ->> '$.result.blob', record ->> '$.logs.blob') IS NOT NULL, 0)`;

export class Records {
  /** Called with the length of each record that was made to be kept. */
  onKept: (size: number) => void = () => undefined;
  /** Called with each record that was made of a run, its first one. */
  onEnded: (record: ActivationRecord, about: ActivationMeta) => void = () => undefined;
  /** Called with each record that was made here, in the transaction that makes it; `name`: in lists, `kept`:
   * whether it is. */
  onMade: (record: ActivationRecord, made: { name: string; kept: boolean }) => void = () => undefined;
  readonly figures: FigureBook;
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.figures = new FigureBook(sql);
  }

  /** The record that was made, or null if the id has one already. */
  put(
    id: ActivationId,
    about: ActivationMeta,
    options: { completion: Completion; now: number; by?: RunBy; waitReason?: string | undefined },
  ): ActivationRecord | null {
    const record = recordOf(id, about, options);
    record.meta = metaOf(about, { ...options, start: record.start });
    const kept = about.store !== false;
    if (!this.keep(record, { name: record.meta.listName, kept, now: options.now })) return null;
    this.ended(record, kept);
    this.onEnded(record, about);
    return record;
  }

  /** A new record is that of an activation which has ended just now: it counts, and is passed on. */
  ended(record: ActivationRecord, kept: boolean): void {
    this.figures.count(record);
    this.onMade(record, { name: record.meta?.listName ?? record.name, kept });
  }

  /** False if the id has a record already. */
  keep(record: ActivationRecord, options: { name: string; kept: boolean; now: number }): boolean {
    const { name, kept, now } = options;
    const { id, start, text, sum } = keptOf(record, name);
    const values = [id, start, name, kept ? 1 : 0, now, text, sum];
    const isNew = this.#sql.exec(INSERT, ...values).toArray().length > 0;
    if (isNew && kept) this.onKept(text.length);
    return isNew;
  }

  has(id: ActivationId): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM records WHERE id = ?", id).toArray().length > 0;
  }

  /** Of these blob keys those that the record names; all of them if it cannot be read, or lies elsewhere. Null if there
   * is no record. */
  named(id: ActivationId, keys: readonly string[]): string[] | null {
    const [row] = this.#sql
      .exec<Row & { kept: number }>("SELECT id, start, record, sum, kept FROM records WHERE id = ?", id)
      .toArray();
    if (row === undefined) return null;
    if (row.kept === HANDED) return [...keys];
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

  /** As lists show them. `more`: there may be others behind the last one. */
  page(filter: RecordFilter, limit: number): { records: ActivationRecord[]; more: boolean } {
    const records: ActivationRecord[] = [];
    let characters = 0;
    let rest = filter;
    while (records.length < limit) {
      if (characters > MAX_LISTED) return { records, more: true };
      const size = Math.min(PAGE, limit - records.length);
      const { where, bindings } = condition(rest);
      const rows = this.#sql
        .exec<Row>(
          `SELECT id, start, record, sum FROM records WHERE ${where} ORDER BY start DESC, id DESC LIMIT ?`,
          ...bindings,
          size,
        )
        .toArray();
      for (const row of rows) {
        records.push(readRecord(row));
        characters += row.record.length;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < size) return { records, more: false };
      rest = { ...filter, after: { start: last.start, id: last.id } };
    }
    return { records, more: true };
  }

  /** How many are only here; of those that are `moving` it is not known, they are told apart. */
  tally(filter: RecordFilter, moving: readonly ActivationId[]): { count: number; moving: ActivationId[] } {
    const { where, bindings } = condition(filter);
    const own = `${where} AND places & 1 = 0`;
    const ids = JSON.stringify(moving);
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM records WHERE ${own} AND id IN (SELECT value FROM json_each(?))`,
      ...bindings,
      ids,
    );
    const among = moving.length === 0 ? [] : rows.toArray().map((row) => row.id);
    const { n } = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM records WHERE ${own}`, ...bindings).one();
    return { count: n - among.length, moving: among };
  }

  /** Where its record has been handed over, within the last day, its start (epoch ms); else null. */
  handed(id: ActivationId): number | null {
    const [row] = this.#sql
      .exec<{ start: number }>(`SELECT start FROM records WHERE id = ? AND kept = ${HANDED}`, id)
      .toArray();
    return row?.start ?? null;
  }

  isHanded(id: ActivationId): boolean {
    return this.handed(id) !== null;
  }

  /** A tombstone for a record that lies elsewhere, where there is none any more. */
  bury(key: RecordKey, now: number): void {
    const values = [key.id, key.start, "", HANDED, now, "", UNCHECKED];
    this.#sql.exec(INSERT, ...values).toArray();
  }

  /** Drops old tombstones of what was handed over. Returns when there are more, or Infinity. */
  dropHanded(now: number): number {
    this.#sql.exec(
      `DELETE FROM records WHERE rowid IN
        (SELECT rowid FROM records WHERE kept = ${HANDED} AND stored <= ? ORDER BY stored LIMIT ${MAX_DROPPED})`,
      now - HANDED_FOR,
    );
    const [next] = this.#sql
      .exec<{ stored: number }>(`SELECT stored FROM records WHERE kept = ${HANDED} ORDER BY stored LIMIT 1`)
      .toArray();
    return next === undefined ? Number.POSITIVE_INFINITY : Math.max(now + DROP_PAUSE, next.stored + HANDED_FOR);
  }

  /** Empties records whose storing is off and drops old tombstones. Returns when there is more to empty, or null; and
   * the blobs that were theirs. */
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
        blobs.push(...blobsOf(JSON.parse(record) as ActivationRecord));
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
  return readKept({ id, start, text, sum }, () => log.error("record-damaged", { activationId: id }));
}

function condition({ name, since, upto, after }: RecordFilter): { where: string; bindings: SqlValue[] } {
  let where = "kept = 1";
  const bindings: SqlValue[] = [];
  if (name !== undefined) {
    where += " AND name = ?";
    bindings.push(name);
  }
  if (since !== undefined) {
    where += " AND start >= ?";
    bindings.push(since);
  }
  if (upto !== undefined) {
    where += " AND start <= ?";
    bindings.push(upto);
  }
  if (after !== undefined) {
    where += " AND (start, id) < (?, ?)";
    bindings.push(after.start, after.id);
  }
  return { where, bindings };
}

/** Whether its result or its logs lie in the blob store. */
export function namesBlob({ completion: { result, logs } }: { completion: Completion }): boolean {
  return "blob" in result || (logs !== undefined && "blob" in logs);
}
