// The schedules of one object as they lie in its tables. Each change is one transaction. Synchronous.

import type { SchedulePlan, ScheduleState, SlotNote } from "../../src/entities/schedule.ts";
import { dueAt } from "../../src/schedules/machine.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { MIGRATIONS } from "./schema.ts";

/** Slots remembered of each schedule. */
export const MAX_NOTES = 20;

/** What its owner wrote, with what each fire needs besides. */
export interface ScheduleHead {
  plan: SchedulePlan;
  namespace: { name: string; uuid: string };
  apiHost: string;
  /** Of the store that keeps its fires. */
  shard: number;
}

export interface KeptSchedule extends ScheduleHead {
  name: string;
  id: string;
  revision: string;
  state: ScheduleState;
}

interface Row {
  name: string;
  id: string;
  revision: string;
  head: string;
  state: string;
}

const FIELDS = "name, id, revision, head, state";
type SqlRowOf<T> = T & Record<string, string>;

export class ScheduleRows {
  count: number;
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
    this.count = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM schedules").one().n;
  }

  /** Whether other objects of this namespace may keep schedules as well; whether the sweep knows of this one. */
  facts(): { spilled: boolean; listed: boolean } {
    const { spilled, listed } = this.#sql.exec<{ spilled: number; listed: number }>("SELECT * FROM facts").one();
    return { spilled: spilled !== 0, listed: listed !== 0 };
  }

  setSpilled(): void {
    this.#sql.exec("UPDATE facts SET spilled = 1");
  }

  setListed(listed: boolean): void {
    this.#sql.exec("UPDATE facts SET listed = ?", listed ? 1 : 0);
  }

  get(name: string): KeptSchedule | null {
    const [row] = this.#sql.exec<SqlRowOf<Row>>(`SELECT ${FIELDS} FROM schedules WHERE name = ?`, name).toArray();
    return row === undefined ? null : scheduleOf(row);
  }

  put(schedule: KeptSchedule): void {
    const { name, id, revision, state, plan, namespace, apiHost, shard } = schedule;
    const head: ScheduleHead = { plan, namespace, apiHost, shard };
    this.#database.transaction(() => {
      const old = this.get(name);
      if (old !== null && old.id !== id) this.#sql.exec("DELETE FROM notes WHERE schedule = ?", old.id);
      this.#sql.exec(
        `INSERT INTO schedules (name, id, revision, head, state, due) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (name) DO UPDATE SET id = excluded.id, revision = excluded.revision, head = excluded.head,
            state = excluded.state, due = excluded.due`,
        ...[name, id, revision, JSON.stringify(head), JSON.stringify(state), dueAt(schedule)],
      );
      if (old === null) this.count++;
    });
  }

  /** How they stand now, with what became of their slots. */
  save(changes: readonly { schedule: KeptSchedule; notes: readonly SlotNote[] }[]): void {
    this.#database.transaction(() => {
      for (const { schedule, notes } of changes) {
        const { id, state } = schedule;
        this.#sql.exec(
          "UPDATE schedules SET state = ?, due = ? WHERE name = ? AND id = ?",
          ...[JSON.stringify(state), dueAt(schedule), schedule.name, id],
        );
        for (const note of notes) {
          this.#sql.exec("INSERT INTO notes (schedule, note) VALUES (?, ?)", id, JSON.stringify(note));
        }
        if (notes.length > 0) {
          this.#sql.exec(
            `DELETE FROM notes WHERE schedule = ?1 AND seq <=
              (SELECT seq FROM notes WHERE schedule = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ${MAX_NOTES})`,
            id,
          );
        }
      }
    });
  }

  remove(name: string): boolean {
    return this.#database.transaction(() => {
      const [row] = this.#sql.exec<{ id: string }>("DELETE FROM schedules WHERE name = ? RETURNING id", name).toArray();
      if (row === undefined) return false;
      this.#sql.exec("DELETE FROM notes WHERE schedule = ?", row.id);
      this.count--;
      return true;
    });
  }

  /** Those that have something to do, the longest due first, without `busy` ones. */
  due(now: number, { busy, max }: { busy: readonly string[]; max: number }): KeptSchedule[] {
    return this.#sql
      .exec<SqlRowOf<Row>>(
        `SELECT ${FIELDS} FROM schedules WHERE due <= ? AND name NOT IN (SELECT value FROM json_each(?))
          ORDER BY due, name LIMIT ?`,
        ...[now, JSON.stringify(busy), max],
      )
      .toArray()
      .map(scheduleOf);
  }

  /** Those that are due after `now`, up to `until`, without `busy` ones; the next ones first. Times are epoch ms. */
  coming(now: number, { until, busy }: { until: number; busy: readonly string[] }): { name: string; due: number }[] {
    return this.#sql
      .exec<{ name: string; due: number }>(
        `SELECT name, due FROM schedules WHERE due > ? AND due <= ?
          AND name NOT IN (SELECT value FROM json_each(?)) ORDER BY due, name`,
        ...[now, until, JSON.stringify(busy)],
      )
      .toArray();
  }

  /** Epoch ms at which the next of them has something to do, or Infinity. */
  next(busy: readonly string[]): number {
    const [row] = this.#sql
      .exec<{ due: number }>(
        `SELECT due FROM schedules WHERE due IS NOT NULL AND name NOT IN (SELECT value FROM json_each(?))
          ORDER BY due LIMIT 1`,
        JSON.stringify(busy),
      )
      .toArray();
    return row?.due ?? Number.POSITIVE_INFINITY;
  }

  /** The latest first. */
  notes(id: string): SlotNote[] {
    return this.#sql
      .exec<{ note: string }>("SELECT note FROM notes WHERE schedule = ? ORDER BY seq DESC", id)
      .toArray()
      .map(({ note }) => JSON.parse(note) as SlotNote);
  }
}

function scheduleOf({ name, id, revision, head, state }: Row): KeptSchedule {
  return { name, id, revision, ...(JSON.parse(head) as ScheduleHead), state: JSON.parse(state) as ScheduleState };
}
