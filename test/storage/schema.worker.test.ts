// The tables that the migrations make are the tables Drizzle is told about.

import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { expect, test } from "vitest";
import * as schema from "../../src/storage/d1/schema.ts";
import { testEnv } from "./stores.worker.ts";

const tables = Object.values(schema).map((table) => getTableConfig(table as SQLiteTable));

async function rows<T>(sql: string): Promise<T[]> {
  return (await testEnv().DB.prepare(sql).all<T>()).results;
}

/** As SQL writes it. */
function defaultOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === "string" ? `'${value}'` : String(value);
}

test("both have the same tables", async () => {
  const found = await rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  const own = found.map((row) => row.name).filter((name) => !/^(_cf|sqlite|d1_)/.test(name));
  expect(own.sort()).toEqual(tables.map((table) => table.name).sort());
});

test.each(tables.map((table) => [table.name, table] as const))("%s has the same columns", async (name, table) => {
  type Column = { name: string; type: string; notnull: number; dflt_value: string | null; pk: number };
  const found = await rows<Column>(`SELECT * FROM pragma_table_info('${name}')`);
  const composite = table.primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
  expect(
    found.map((column) => [column.name, column.type, column.notnull === 1, column.dflt_value, column.pk > 0]),
  ).toEqual(
    table.columns.map((column) => [
      column.name,
      column.getSQLType().toUpperCase(),
      column.notNull,
      defaultOf(column.default),
      column.primary || composite.includes(column.name),
    ]),
  );
});

test.each(tables.map((table) => [table.name, table] as const))("%s has the same indexes", async (name, table) => {
  type Index = { name: string; unique: number; columns: string };
  const found = await rows<Index>(
    `SELECT l.name, l."unique", group_concat(i.name) AS columns FROM pragma_index_list('${name}') l, pragma_index_info(l.name) i
     WHERE l.origin = 'c' GROUP BY l.name ORDER BY l.name`,
  );
  const declared = table.indexes.map(({ config }) => ({
    name: config.name,
    unique: config.unique ? 1 : 0,
    columns: config.columns.map((column) => ("name" in column ? column.name : "?")).join(","),
  }));
  expect(found).toEqual(declared.sort((one, other) => (one.name < other.name ? -1 : 1)));
});
