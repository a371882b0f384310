// A table as a feed reads it, over SQLite: in order, without a row twice or left out,
// whatever its values and its names are.

import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, it } from "vitest";
import { SqlFeedTable } from "../../../src/storage/d1/feed-table.ts";
import type { TableQuery } from "../../../src/storage/feed-sources.ts";

let database: DatabaseSync;
let table: SqlFeedTable;

beforeEach(() => {
  database = new DatabaseSync(":memory:");
  table = new SqlFeedTable(async (text, values) => database.prepare(text).all(...values));
});

/** All of them, `max` at a time. */
async function readAll(query: TableQuery, max: number): Promise<string[]> {
  const values: string[] = [];
  for (let after: string | null = null; ; ) {
    const read = await table.rows(query, { after, max });
    if (read.kind === "fault") throw new Error(read.text);
    expect(read.rows.length).toBeLessThanOrEqual(max);
    values.push(...read.rows.map(({ value }) => value));
    after = read.rows.at(-1)?.value ?? after;
    if (!read.more) return values;
  }
}

it("goes on behind the last row, a bounded number at a time, integers with all their digits", async () => {
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  const ids = [1n, 2n, 3n, 9007199254740993n, 9007199254740994n, 9223372036854775807n];
  for (const id of ids) database.prepare("INSERT INTO t VALUES (?, 'x')").run(id);
  expect(await readAll({ table: "t", cursor: "id" }, 2)).toEqual(ids.map(String));
  expect(await table.newest({ table: "t", cursor: "id" })).toEqual({ kind: "newest", value: "9223372036854775807" });
});

it("takes each sort of value as JSON, bytes in hexadecimal digits", async () => {
  database.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, i, r, s, n, b, "we""ird ; name");
    INSERT INTO t VALUES ('k"1', 12345678901234567, 1.5, 'a"b', NULL, x'00ff', 'w')`);
  const read = await table.rows({ table: "t", cursor: "id" }, { after: null, max: 10 });
  if (read.kind === "fault") throw new Error(read.text);
  expect(Object.fromEntries(read.rows[0]?.row ?? [])).toEqual({
    ...{ id: '"k\\"1"', i: "12345678901234567", r: "1.5", s: '"a\\"b"', n: "null", b: '"00FF"' },
    'we"ird ; name': '"w"',
  });
  expect((await table.rows({ table: "t", cursor: "id" }, { after: '"k\\"1"', max: 10 })).kind).toBe("rows");
  expect(await readAll({ table: "t", cursor: "id", columns: ["s"] }, 1)).toEqual(['"k\\"1"']);
});

it("compares texts by their bytes, whatever the collation", async () => {
  database.exec(
    "CREATE TABLE t (k TEXT COLLATE NOCASE UNIQUE); INSERT INTO t VALUES ('a'), ('B'), ('c'), ('Z'), (NULL)",
  );
  expect(await readAll({ table: "t", cursor: "k" }, 1)).toEqual(['"B"', '"Z"', '"a"', '"c"']);
});

it("reads no more than has room, and at least one row", async () => {
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  for (let id = 1; id <= 4; id++) database.prepare("INSERT INTO t VALUES (?, ?)").run(id, "x".repeat(3_000_000));
  const read = await table.rows({ table: "t", cursor: "id" }, { after: null, max: 100 });
  expect(read.kind === "rows" && [read.rows.length, read.more]).toEqual([1, true]);
  expect(await readAll({ table: "t", cursor: "id" }, 100)).toEqual(["1", "2", "3", "4"]);
});

it.each([
  ["a table that is not there", { table: "nobody", cursor: "id" }, "no table 'nobody'"],
  ["SQL for a table's name", { table: "t; DROP TABLE t", cursor: "id" }, "no table"],
  ["a quote in a table's name", { table: 't" WHERE 1 --', cursor: "id" }, "no table"],
  ["a view", { table: "w", cursor: "id" }, "no table 'w'"],
  ["SQLite's own table", { table: "sqlite_master", cursor: "name" }, "no table"],
  ["a column that is not there", { table: "t", cursor: "nothing" }, "no column 'nothing'"],
  ["SQL for a column", { table: "t", cursor: "id) FROM t --" }, "no column"],
  ["a wanted column that is not there", { table: "t", cursor: "id", columns: ["id", "x"] }, "no column 'x'"],
  ["a column with ties", { table: "t", cursor: "v" }, "need not be unique"],
  ["half of a key", { table: "t2", cursor: "a" }, "need not be unique"],
  ["a column that is unique in part", { table: "t", cursor: "p" }, "need not be unique"],
])("refuses %s", async (_, query, text) => {
  database.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v, p); CREATE VIEW w AS SELECT * FROM t;
    CREATE UNIQUE INDEX part ON t (p) WHERE v = 1; CREATE TABLE t2 (a, b, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 1, 1)`);
  expect(await table.rows(query, { after: null, max: 10 })).toEqual({
    kind: "fault",
    text: expect.stringContaining(text),
  });
  expect(await table.newest(query)).toEqual({ kind: "fault", text: expect.stringContaining(text) });
  expect(database.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 1 });
});

it("says what cannot be a cursor, and is well with as many columns as D1 takes", async () => {
  database.exec("CREATE TABLE t (r REAL UNIQUE); INSERT INTO t VALUES (1.5)");
  expect(await table.rows({ table: "t", cursor: "r" }, { after: null, max: 1 })).toMatchObject({ kind: "fault" });
  const columns = Array.from({ length: 101 }, (_, at) => `c${at}`);
  database.exec(`CREATE TABLE wide (${columns.map((name) => `${name} DEFAULT 1`).join(", ")}, UNIQUE (c0))`);
  database.exec("INSERT INTO wide (c0) VALUES (7)");
  expect(await table.rows({ table: "wide", cursor: "c0" }, { after: null, max: 1 })).toMatchObject({ kind: "fault" });
  expect(await readAll({ table: "wide", cursor: "c0", columns: columns.slice(0, 100) }, 1)).toEqual(["7"]);
});
