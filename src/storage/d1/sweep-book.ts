// The state of sweeping, as a row of D1.

import { NEVER_SWEPT, type SweepBook, type SweepState } from "../sweep-book.ts";
import { prepared, rowsOf, type SqlDatabase, sql } from "./statement.ts";

const NAME = "blob-sweep";

/** In the table `deployment`. */
export class D1SweepBook implements SweepBook {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async state(): Promise<SweepState> {
    const [row] = await rowsOf<{ value: string }>(
      this.#database,
      sql`SELECT value FROM deployment WHERE name = ${NAME}`,
    );
    return row === undefined ? NEVER_SWEPT : { ...NEVER_SWEPT, ...(JSON.parse(row.value) as Partial<SweepState>) };
  }

  async note(state: SweepState): Promise<void> {
    const value = JSON.stringify(state);
    await this.#database.batch([
      prepared(
        this.#database,
        sql`INSERT INTO deployment (name, value) VALUES (${NAME}, ${value})
          ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      ),
    ]);
  }

  async deletionOf(namespaceId: string): Promise<"none" | "under way" | "over"> {
    const [row] = await rowsOf<{ ended: number | null }>(
      this.#database,
      sql`SELECT ended FROM deletions WHERE id = ${namespaceId}`,
    );
    if (row === undefined) return "none";
    return row.ended === null ? "under way" : "over";
  }
}
