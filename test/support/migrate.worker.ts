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
await applyD1Migrations(DB, TEST_MIGRATIONS);
await migrateRecords();

/** Once more: for who has reset all there is. */
export function migrateRecords(): Promise<void> {
  return applyD1Migrations(RECORDS_0, TEST_RECORD_MIGRATIONS);
}
