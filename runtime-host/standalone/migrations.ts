// D1 migrations at start: those of src/storage/d1/migrations that the database has not seen, noted in the table wrangler keeps.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "./platform.ts";

const NOTEBOOK = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Returns the names it applied. */
export async function migrate(database: Database, folder: string): Promise<string[]> {
  await database.query(NOTEBOOK);
  const seen = await database.query("SELECT name FROM d1_migrations");
  const known = new Set(seen.map((row) => row.name));
  const fresh = readdirSync(folder)
    .filter((name) => name.endsWith(".sql") && !known.has(name))
    .sort();
  for (const name of fresh) {
    const noted = `INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}')`;
    // One script, so that the statements and the note are one transaction.
    await database.script(`${readFileSync(join(folder, name), "utf8")}\n;${noted};`);
  }
  return fresh;
}
