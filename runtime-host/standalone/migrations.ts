// D1 migrations at start: those of src/storage/d1/migrations that the database has not seen, noted in the table
// wrangler keeps. What has been applied is written into the state folder as well, where it is seen before anything is
// started.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { StartFailure } from "./failure.ts";
import type { PlatformDatabase } from "./platform.ts";

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** From the top of the project. */
export const MIGRATIONS = "src/storage/d1/migrations";
const RECORD_MIGRATIONS = "src/storage/records/migrations";
const DATABASE = "DB";
/** What the bindings of databases of activation records begin with. */
const RECORDS = "RECORDS_";

/** Brings those of these databases up to date that are the platform's own, one after the other, and yields what was
 * applied to each. Throws StartFailure if a newer version has been here. */
export async function* migrateAll(
  root: string,
  { bindings, database }: { bindings: readonly string[]; database(binding: string): Promise<PlatformDatabase> },
): AsyncGenerator<{ database: string; applied: string[] }> {
  for (const binding of bindings) {
    if (binding !== DATABASE && !binding.startsWith(RECORDS)) continue;
    const folder = join(root, binding === DATABASE ? MIGRATIONS : RECORD_MIGRATIONS);
    yield { database: binding, applied: await migrate(await database(binding), folder) };
  }
}

/** Returns the names it applied. Throws StartFailure if a newer version has been here. */
export async function migrate(database: PlatformDatabase, folder: string): Promise<string[]> {
  await database.query(MIGRATIONS_TABLE);
  const seen = (await database.query("SELECT name FROM d1_migrations")).map((row) => String(row.name));
  const all = migrationsIn(folder);
  refuseNewer(seen, all);
  const fresh = all.filter((name) => !seen.includes(name));
  for (const name of fresh) {
    const noted = `INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}')`;
    // One script, so that the statements and the note are one transaction.
    await database.script(`${readFileSync(join(folder, name), "utf8")}\n;${noted};`);
  }
  return fresh;
}

function migrationsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}

function refuseNewer(seen: readonly string[], known: readonly string[], version = "a newer version"): void {
  const unknown = seen.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new StartFailure(
    `This state was written by ${version} (its database has ${unknown[0]}, which this one does not know): start that one, or choose another --state folder.`,
  );
}

/** How many steps the tables of each class of objects have here (durable-objects). Objects do not look at this
 * themselves: on Cloudflare the version before may run on newer tables for a while. */
export const OBJECT_STEPS: Readonly<Record<string, number>> = {
  ActivationStore: 16,
  Composition: 1,
  Metrics: 1,
  Roster: 3,
  Schedule: 1,
  Sinks: 2,
  SourceFeeds: 1,
  Subscriptions: 2,
};

const Written = z.object({
  version: z.string(),
  migrations: z.array(z.string()),
  objects: z.record(z.string(), z.number()).default({}),
});
const FILE = "written-by.json";

/** Throws StartFailure if a newer version has used this state folder. */
export function refuseNewerState(state: string, migrations: string): void {
  let text: string;
  try {
    text = readFileSync(join(state, FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const written = Written.safeParse(parsed(text));
  // The database itself is asked once it runs.
  if (!written.success) return;
  const { version, objects } = written.data;
  refuseNewer(written.data.migrations, migrationsIn(migrations), `version ${version}`);
  for (const [name, steps] of Object.entries(objects)) {
    const known = OBJECT_STEPS[name] ?? 0;
    if (steps > known)
      throw new StartFailure(
        `This state was written by version ${version} (its ${name} objects have ${steps} steps of tables, of which this one knows ${known}): start that one, or choose another --state folder.`,
      );
  }
}

/** Once all are applied. */
export function noteState(state: string, options: { version: string; migrations: string }): void {
  const written = { version: options.version, migrations: migrationsIn(options.migrations), objects: OBJECT_STEPS };
  writeFileSync(join(state, FILE), `${JSON.stringify(written)}\n`, { mode: 0o600 });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
