// The databases' migrations, from each older schema with rows in every table: nothing is lost, and what the release
// before writes is still taken.

import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";

const STORAGE = new URL("../../src/storage/", import.meta.url);
type Column = { name: string; type: string; notnull: number; pk: number };
type Row = Record<string, string | number | null>;

const text = (folder: string, file: string) => readFileSync(new URL(`${folder}/${file}`, STORAGE), "utf8");
const scripts = (folder: string) => readdirSync(new URL(`${folder}/`, STORAGE)).sort();

function tablesOf(database: DatabaseSync): string[] {
  const rows = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  return rows.map((row) => String(row.name));
}

/** A row with something in every column, another one for each `n`. */
function rowFor(database: DatabaseSync, table: string, n: number): Row {
  const columns = database.prepare("SELECT * FROM pragma_table_info(?)").all(table) as unknown as Column[];
  return Object.fromEntries(columns.map(({ name, type }) => [name, type === "INTEGER" ? n : sampleOf(name, n)]));
}

function sampleOf(name: string, n: number): string {
  if (name === "former" || name === "blobs") return "[]";
  return name === "state" ? "open" : `${name} ${n}`;
}

function insert(database: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const holes = names.map(() => "?").join();
  database.prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${holes})`).run(...Object.values(row));
}

describe.each(["d1/migrations", "records/migrations"])("%s", (folder) => {
  const files = scripts(folder);

  it.each(files.map((file, at) => [at, file] as const))("goes on from the schema before step %i (%s)", (at) => {
    const database = new DatabaseSync(":memory:");
    for (const file of files.slice(0, at)) database.exec(text(folder, file));
    const tables = tablesOf(database);
    expect(tables.length > 0).toBe(at > 0);
    const rows = tables.flatMap((table) => [1, 2].map((n) => ({ table, row: rowFor(database, table, n) })));
    const later = tables.map((table) => ({ table, row: rowFor(database, table, 3) }));
    for (const { table, row } of rows) insert(database, table, row);
    for (const file of files.slice(at)) database.exec(text(folder, file));
    for (const { table, row } of rows) {
      const same = Object.keys(row).map((name) => `${name} IS ?`);
      const found = database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${same.join(" AND ")}`);
      expect([table, found.get(...Object.values(row))?.n]).toEqual([table, 1]);
    }
    // As the release before writes it, which knows no newer column.
    for (const { table, row } of later) insert(database, table, row);
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  it("takes nothing away and renames nothing", () => {
    for (const file of files) {
      const statements = text(folder, file).replaceAll(/--.*$/gm, "");
      expect([file, /\bDROP\s+(TABLE|COLUMN)\b|\bRENAME\b/i.exec(statements)]).toEqual([file, null]);
    }
  });
});
