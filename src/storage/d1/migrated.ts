// Whether the database has the tables this version needs: it is migrated by `npm start`, or by hand with wrangler, and
// may be asked before that.

/** The last of ./migrations; a test holds it against the folder. */
export const NEWEST_MIGRATION = "0016_event_hooks.sql";
/** The same of ../records/migrations, for the databases of records. */
export const NEWEST_RECORDS_MIGRATION = "0005_counted_later.sql";

/** Name of the migration it lacks, or null if ./migrations were applied up to the last one. */
export async function lackingMigration(db: D1Database, newest = NEWEST_MIGRATION): Promise<string | null> {
  // A new database has not even the table in which wrangler notes them.
  const notes = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'd1_migrations'";
  if ((await db.prepare(notes).first()) === null) return newest;
  const noted = await db.prepare("SELECT 1 FROM d1_migrations WHERE name = ?").bind(newest).first();
  return noted === null ? newest : null;
}
