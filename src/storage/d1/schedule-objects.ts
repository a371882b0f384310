// The entries of Schedule objects as rows of D1.

import type { ScheduleObject, ScheduleObjects } from "../schedule-objects.ts";
import { prepared, rowsOf, sql } from "./statement.ts";

/** A turn of the sweep is one page of them, by name. */
export class D1ScheduleObjects implements ScheduleObjects {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async add(name: string): Promise<void> {
    const stamp = crypto.randomUUID();
    await prepared(
      this.#database,
      sql`INSERT INTO schedule_objects (name, stamp) VALUES (${name}, ${stamp})
        ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp`,
    ).run();
  }

  async remove({ name, stamp }: ScheduleObject): Promise<void> {
    await prepared(this.#database, sql`DELETE FROM schedule_objects WHERE name = ${name} AND stamp = ${stamp}`).run();
  }

  async some(turn: number, max: number): Promise<ScheduleObject[]> {
    const counted = sql`SELECT count(*) AS n FROM schedule_objects`;
    const count = (await prepared(this.#database, counted).first<number>("n")) ?? 0;
    if (count === 0) return [];
    const pages = Math.ceil(count / max);
    const skip = (turn % pages) * max;
    return rowsOf<ScheduleObject>(
      this.#database,
      sql`SELECT name, stamp FROM schedule_objects ORDER BY name LIMIT ${max} OFFSET ${skip}`,
    );
  }
}
