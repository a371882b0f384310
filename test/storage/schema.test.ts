// SCHEMA.md names what the migrations make: each table and each column.

import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

const STORAGE = new URL("../../src/storage/", import.meta.url);
const MIGRATIONS = new URL("d1/migrations/", STORAGE);
/** What a table's own name or its key says already, and times that need no word. */
const PLAIN = new Set(["path", "name", "subject", "namespace", "created", "value", "blob", "since"]);

function migrated(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  for (const file of readdirSync(MIGRATIONS).toSorted()) database.exec(readFileSync(new URL(file, MIGRATIONS), "utf8"));
  return database;
}

test("each table is told, and each column that does not tell itself", () => {
  const database = migrated();
  const text = readFileSync(new URL("SCHEMA.md", STORAGE), "utf8");
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
  expect(tables.length).toBeGreaterThan(5);
  const untold: string[] = [];
  for (const { name } of tables) {
    if (!text.includes(`**${name}**`)) untold.push(name);
    const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(name) as { name: string }[];
    for (const column of columns) {
      if (!PLAIN.has(column.name) && !text.includes(`\`${column.name}\``)) untold.push(`${name}.${column.name}`);
    }
  }
  expect(untold).toEqual([]);
});
