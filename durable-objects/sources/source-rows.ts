// The feeds of one object, their events on the way, and the objects that are known of buckets, as they lie in its
// tables. Each change is one transaction: what was read moves on in the very step in which
// its events are kept. Synchronous.

import type { SourceEvent, SourceFeed } from "../../src/entities/source.ts";
import { type SourceState, sourceDueAt } from "../../src/events/source-state.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { MIGRATIONS } from "./schema.ts";

/** What its owner wrote, with what each fire needs besides. */
export interface SourceHead {
  feed: SourceFeed;
  namespace: { name: string; uuid: string };
  apiHost: string;
  /** Activation stores of the namespace when it was made: its fires are spread over these. */
  shards: number;
}

export interface KeptSource extends SourceHead {
  name: string;
  id: string;
  revision: string;
  state: SourceState;
}

export interface WaitingEvent extends SourceEvent {
  seq: number;
  /** Epoch ms. */
  at: number;
}

interface Row extends Record<string, string> {
  name: string;
  id: string;
  revision: string;
  head: string;
  state: string;
}

const FIELDS = "name, id, revision, head, state";

export class SourceRows {
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
  }

  get count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM feeds").one().n;
  }

  all(): KeptSource[] {
    return this.#sql.exec<Row>(`SELECT ${FIELDS} FROM feeds ORDER BY name`).toArray().map(sourceOf);
  }

  get(name: string): KeptSource | null {
    const [row] = this.#sql.exec<Row>(`SELECT ${FIELDS} FROM feeds WHERE name = ?`, name).toArray();
    return row === undefined ? null : sourceOf(row);
  }

  put(source: KeptSource): void {
    const { name, id, revision, state, feed, namespace, apiHost, shards } = source;
    const head: SourceHead = { feed, namespace, apiHost, shards };
    this.#database.transaction(() => {
      const old = this.get(name);
      if (old !== null && old.id !== id) this.#forget(old.id);
      this.#sql.exec(
        `INSERT INTO feeds (name, id, revision, head, state, due) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (name) DO UPDATE SET id = excluded.id, revision = excluded.revision, head = excluded.head,
            state = excluded.state, due = excluded.due`,
        ...[name, id, revision, JSON.stringify(head), JSON.stringify(state), this.#dueOf(source)],
      );
    });
  }

  remove(name: string): boolean {
    return this.#database.transaction(() => {
      const [row] = this.#sql.exec<{ id: string }>("DELETE FROM feeds WHERE name = ? RETURNING id", name).toArray();
      if (row !== undefined) this.#forget(row.id);
      return row !== undefined;
    });
  }

  /** What was read: how the feed stands behind it, its events, and of a bucket its objects. */
  advance(
    source: KeptSource,
    {
      events,
      at,
      put = [],
      gone = [],
    }: {
      events: readonly SourceEvent[];
      at: number;
      put?: readonly { key: string; version: string }[];
      gone?: readonly string[];
    },
  ): void {
    this.#database.transaction(() => {
      for (const event of events) this.#wait(source.id, event, at);
      for (const { key, version } of put) {
        this.#sql.exec(
          `INSERT INTO objects (feed, key, version) VALUES (?, ?, ?)
            ON CONFLICT (feed, key) DO UPDATE SET version = excluded.version`,
          ...[source.id, key, version],
        );
      }
      for (const key of gone) this.#sql.exec("DELETE FROM objects WHERE feed = ? AND key = ?", source.id, key);
      this.#save(source);
    });
  }

  /** Messages, each with the time at which it was sent (epoch ms). */
  add(source: KeptSource, events: readonly (SourceEvent & { at: number })[]): void {
    this.#database.transaction(() => {
      for (const event of events) this.#wait(source.id, event, event.at);
      this.#save(source);
    });
  }

  /** How it stands, without the events that are done with. */
  settle(source: KeptSource, done: readonly number[]): void {
    this.#database.transaction(() => {
      for (const seq of done) this.#sql.exec("DELETE FROM outbox WHERE seq = ?", seq);
      this.#save(source);
    });
  }

  /** The first ones that wait: at most `max`, and about so many characters. */
  waiting(id: string, { max, characters }: { max: number; characters: number }): WaitingEvent[] {
    const found = this.#sql
      .exec<{ seq: number; key: string; at: number; payload: string }>(
        "SELECT seq, key, at, payload FROM outbox WHERE feed = ? ORDER BY seq LIMIT ?",
        id,
        max,
      )
      .toArray();
    let sum = 0;
    return found.filter(({ payload }, at) => {
      sum += payload.length;
      return at === 0 || sum <= characters;
    });
  }

  waitingCount(id: string): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox WHERE feed = ?", id).one().n;
  }

  knownCount(id: string): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM objects WHERE feed = ?", id).one().n;
  }

  /** Versions of objects by key, of keys behind `after` up to `last`; null: all. */
  known(id: string, after: string, last: string | null): Map<string, string> {
    const found = this.#sql
      .exec<{ key: string; version: string }>(
        "SELECT key, version FROM objects WHERE feed = ?1 AND key > ?2 AND (?3 IS NULL OR key <= ?3)",
        ...[id, after, last],
      )
      .toArray();
    return new Map(found.map(({ key, version }) => [key, version]));
  }

  /** Those that have something to do, the longest due first, without `busy` ones. */
  due(now: number, { busy, max }: { busy: readonly string[]; max: number }): KeptSource[] {
    return this.#sql
      .exec<Row>(
        `SELECT ${FIELDS} FROM feeds WHERE due <= ? AND name NOT IN (SELECT value FROM json_each(?))
          ORDER BY due, name LIMIT ?`,
        ...[now, JSON.stringify(busy), max],
      )
      .toArray()
      .map(sourceOf);
  }

  /** Epoch ms at which the next of them has something to do, or Infinity. */
  next(busy: readonly string[]): number {
    const [row] = this.#sql
      .exec<{ due: number }>(
        `SELECT due FROM feeds WHERE due IS NOT NULL AND name NOT IN (SELECT value FROM json_each(?))
          ORDER BY due LIMIT 1`,
        JSON.stringify(busy),
      )
      .toArray();
    return row?.due ?? Number.POSITIVE_INFINITY;
  }

  #wait(id: string, { key, payload }: SourceEvent, at: number): void {
    this.#sql.exec(
      "INSERT INTO outbox (feed, key, at, payload) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ...[id, key, at, payload],
    );
  }

  #save(source: KeptSource): void {
    this.#sql.exec(
      "UPDATE feeds SET state = ?, due = ? WHERE name = ? AND id = ?",
      ...[JSON.stringify(source.state), this.#dueOf(source), source.name, source.id],
    );
  }

  #dueOf({ id, state }: KeptSource): number | null {
    return sourceDueAt(state, this.waitingCount(id));
  }

  #forget(id: string): void {
    for (const table of ["outbox", "objects"]) this.#sql.exec(`DELETE FROM ${table} WHERE feed = ?`, id);
  }
}

function sourceOf({ name, id, revision, head, state }: Row): KeptSource {
  return { name, id, revision, ...(JSON.parse(head) as SourceHead), state: JSON.parse(state) as SourceState };
}
