// Runs before each file of the worker project: nothing is left of the file before, and the databases have their tables.

import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

const { DB, RECORDS_0, TEST_MIGRATIONS, TEST_RECORD_MIGRATIONS } = env as unknown as {
  DB: D1Database;
  RECORDS_0: D1Database;
  TEST_MIGRATIONS: D1Migration[];
  TEST_RECORD_MIGRATIONS: D1Migration[];
};
await reset();
await migrated(DB, TEST_MIGRATIONS);
await migrateRecords();

/** Once more: for who has reset all there is. */
export function migrateRecords(): Promise<void> {
  return migrated(RECORDS_0, TEST_RECORD_MIGRATIONS);
}

/** An empty database gets all of them, noted as wrangler notes them, in one transaction: many small ones, before each
 * file, were much of what a file costs. A database that has some already gets the rest. */
async function migrated(database: D1Database, migrations: D1Migration[]): Promise<void> {
  const known = await database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'").first();
  if (known !== null) return applyD1Migrations(database, migrations);
  const notes =
    "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, " +
    "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)";
  const queries = migrations.flatMap(({ name, queries }) => [
    ...queries.map((query) => database.prepare(query)),
    database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
  ]);
  await database.batch([database.prepare(notes), ...queries]);
}
