// A table as a feed reads it: any SQLite database that can be asked. Names are looked up in the schema before they
// stand in a statement, and stand there quoted; values are bound.

import { type RawJson, shapeOf } from "../../entities/raw-json.ts";
import type { FeedTable, SourceFault, TableQuery, TableRows } from "../feed-sources.ts";

/** Asks the database; values of rows by the names of their columns. */
export type TableAsk = (text: string, values: readonly (string | number)[]) => Promise<Record<string, unknown>[]>;

/** Bytes of values that are read at a time. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Columns of one answer, as D1 has it. */
const MAX_COLUMNS = 100;
/** Tables of SQLite and of D1 itself. */
const OWN = /^(sqlite_|_cf_|d1_)/i;

/** Rows by SQL; each question is a few statements, none of which writes. */
export class SqlFeedTable implements FeedTable {
  readonly #ask: TableAsk;

  constructor(ask: TableAsk) {
    this.#ask = ask;
  }

  async rows(
    query: TableQuery,
    { after, max }: { after: RawJson | null; max: number },
  ): Promise<TableRows | SourceFault> {
    const columns = await this.#columns(query);
    if (!Array.isArray(columns)) return columns;
    const table = quoted(query.table);
    const cursor = `${table}.${quoted(query.cursor)}`;
    const behind = after === null ? { text: `${cursor} IS NOT NULL`, values: [] } : behindOf(cursor, after);
    const order = `ORDER BY ${cursor} COLLATE BINARY LIMIT ?`;
    const size = sumOf(columns.map((name) => `coalesce(length(CAST(${table}.${quoted(name)} AS BLOB)), 0)`));
    const sizes = await this.#ask(`SELECT ${size} AS size FROM ${table} WHERE ${behind.text} ${order}`, [
      ...behind.values,
      max + 1,
    ]);
    if (sizes.length === 0) return { kind: "rows", rows: [], more: false };
    const count = Math.min(max, fittingOf(sizes.map(({ size: each }) => Number(each))));
    const fields = columns.map((name, at) => `${jsonOf(`${table}.${quoted(name)}`)} AS c${at}`).join(", ");
    const found = await this.#ask(`SELECT ${fields} FROM ${table} WHERE ${behind.text} ${order}`, [
      ...behind.values,
      count,
    ]);
    const rows = found.map((each) => ({
      value: String(each[`c${columns.indexOf(query.cursor)}`]) as RawJson,
      row: columns.map((name, at): [string, RawJson] => [name, String(each[`c${at}`])]),
    }));
    const wrong = rows.find(({ value }) => !isCursor(value));
    if (wrong !== undefined) return notCursor(query, wrong.value);
    return { kind: "rows", rows, more: sizes.length > rows.length };
  }

  async newest(query: TableQuery): ReturnType<FeedTable["newest"]> {
    const columns = await this.#columns(query);
    if (!Array.isArray(columns)) return columns;
    const table = quoted(query.table);
    const cursor = `${table}.${quoted(query.cursor)}`;
    const [found] = await this.#ask(
      `SELECT ${jsonOf(cursor)} AS value FROM ${table} WHERE ${cursor} IS NOT NULL ORDER BY ${cursor} COLLATE BINARY DESC LIMIT ?`,
      [1],
    );
    if (found === undefined) return { kind: "newest", value: null };
    const value = String(found.value);
    return isCursor(value) ? { kind: "newest", value } : notCursor(query, value);
  }

  /** The columns that are wanted, as the schema spells them, the cursor among them. */
  async #columns({ table, cursor, columns }: TableQuery): Promise<string[] | SourceFault> {
    const found = OWN.test(table)
      ? []
      : await this.#ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", [table]);
    if (found.length === 0) return fault(`the database has no table '${table}'`);
    const info = await this.#ask("SELECT name, type, pk FROM pragma_table_info(?)", [table]);
    const names = info.map(({ name }) => String(name));
    const missing = [cursor, ...(columns ?? [])].find((name) => !names.includes(name));
    if (missing !== undefined) return fault(`the table '${table}' has no column '${missing}'`);
    if (!(await this.#isUnique(table, cursor, info))) {
      return fault(
        `the values of the column '${cursor}' need not be unique: it must be the table's primary key, or have a unique index of its own`,
      );
    }
    const wanted = columns === undefined ? names : names.filter((name) => name === cursor || columns.includes(name));
    return wanted.length <= MAX_COLUMNS
      ? wanted
      : fault(`the table '${table}' has more than ${MAX_COLUMNS} columns: name those that are wanted in 'columns'`);
  }

  async #isUnique(table: string, cursor: string, info: readonly Record<string, unknown>[]): Promise<boolean> {
    const keys = info.filter(({ pk }) => Number(pk) > 0);
    if (keys.length === 1 && keys[0]?.name === cursor) return true;
    const indexes = await this.#ask('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', [
      table,
    ]);
    for (const { name } of indexes) {
      const parts = await this.#ask("SELECT name FROM pragma_index_info(?)", [String(name)]);
      if (parts.length === 1 && parts[0]?.name === cursor) return true;
    }
    return false;
  }
}

/** A name in a statement. With its table before it, it is never taken for a text. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** JSON text of a value, integers with all their digits; of bytes, of their hexadecimal digits. */
function jsonOf(column: string): string {
  return `json_quote(CASE typeof(${column}) WHEN 'blob' THEN hex(${column}) ELSE ${column} END)`;
}

/** An integer is bound as a text: as a number it might lose digits. */
function behindOf(cursor: string, after: RawJson): { text: string; values: string[] } {
  return shapeOf(after) === "string"
    ? { text: `${cursor} COLLATE BINARY > ?`, values: [JSON.parse(after) as string] }
    : { text: `${cursor} COLLATE BINARY > CAST(? AS INTEGER)`, values: [after] };
}

/** Nested evenly: a database bounds how deep an expression is. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 1) return terms[0] ?? "0";
  const half = Math.ceil(terms.length / 2);
  return `(${sumOf(terms.slice(0, half))} + ${sumOf(terms.slice(half))})`;
}

/** How many of the first have room, at least one. */
function fittingOf(sizes: readonly number[]): number {
  let sum = 0;
  const at = sizes.findIndex((size) => {
    sum += size;
    return sum > MAX_BYTES;
  });
  return at === -1 ? sizes.length : Math.max(1, at);
}

function isCursor(value: RawJson): boolean {
  return /^-?\d+$/.test(value) || value.startsWith('"');
}

function notCursor({ cursor }: TableQuery, value: RawJson): SourceFault {
  return fault(`the column '${cursor}' holds ${value.slice(0, 40)}: a cursor must be integers, or texts`);
}

function fault(text: string): SourceFault {
  return { kind: "fault", text };
}
