// The SQL an object may use, and the runner that brings its tables up to date. The interface is what an object's
// storage offers; in Node an adapter over node:sqlite offers the same,
// so tests and the simulator run the same statements.

export type SqlValue = string | number | null;
export type SqlRow = Record<string, SqlValue>;

export interface SqlCursor<T> {
  toArray(): T[];
  /** Throws unless there is exactly one row. */
  one(): T;
}

export interface Sql {
  exec<T extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<T>;
}

export interface Database {
  sql: Sql;
  /** All or nothing. Synchronous: nothing else runs in between. */
  transaction<T>(run: () => T): T;
}

/** Each step is a list of statements, run once, in order. Steps are only ever appended. */
export type Migrations = readonly (readonly string[])[];

/** Runs the steps that have not run yet. Reads only, where none is new. */
export function migrate(database: Database, steps: Migrations): void {
  const { sql } = database;
  const known = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'").toArray();
  const version =
    known.length === 0
      ? 0
      : (sql.exec<{ version: number }>("SELECT version FROM schema_version").toArray()[0]?.version ?? 0);
  if (version >= steps.length) return;
  database.transaction(() => {
    if (known.length === 0) sql.exec("CREATE TABLE schema_version (version INTEGER NOT NULL)");
    for (const step of steps.slice(version)) for (const statement of step) sql.exec(statement);
    sql.exec("DELETE FROM schema_version");
    sql.exec("INSERT INTO schema_version (version) VALUES (?)", steps.length);
  });
}
