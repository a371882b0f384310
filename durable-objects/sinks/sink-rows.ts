// Sinks, what waits for each, and what was given up, as they lie in the object's tables.
// Each change is one transaction. Synchronous.

import type { SinkRefusal, SinkSettings } from "../../src/entities/sink.ts";
import type { DeadLetter, SinkEvent, SinkOf, SinkView } from "../../src/protocol/sinks.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { MIGRATIONS } from "./schema.ts";

/** Of one sink: events that wait, and characters of them; the same of dead letters, of which the oldest give way. */
export const MAX_WAITING = 10_000;
const MAX_WAITING_CHARACTERS = 64 * 1024 * 1024;
export const MAX_LETTERS = 1_000;
const MAX_LETTER_CHARACTERS = 16 * 1024 * 1024;

export interface KeptSink extends SinkOf {
  number: number;
  settings: SinkSettings;
  namespace: { name: string; uuid: string };
  stopped: string;
}

export interface QueuedEvent {
  seq: number;
  tries: number;
  event: SinkEvent;
  /** It is on its way to the dead letter sink. */
  dead: SinkRefusal | null;
}

interface SinkRow extends Record<string, string | number> {
  number: number;
  kind: SinkOf["kind"];
  name: string;
  settings: string;
  namespace: string;
  created: number;
  stopped: string;
  delivered: number;
  dead: number;
  dropped: number;
  passed_on: number;
}

type Load = { n: number; size: number | null; oldest: number | null; tries: number | null };

export class SinkRows {
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
  }

  all(): KeptSink[] {
    return this.#sql.exec<SinkRow>("SELECT * FROM sinks ORDER BY kind, name").toArray().map(sinkOf);
  }

  find({ kind, name }: SinkOf): KeptSink | null {
    const [row] = this.#sql.exec<SinkRow>("SELECT * FROM sinks WHERE kind = ? AND name = ?", kind, name).toArray();
    return row === undefined ? null : sinkOf(row);
  }

  put({ kind, name }: SinkOf, settings: SinkSettings, about: { namespace: KeptSink["namespace"]; now: number }): void {
    this.#sql.exec(
      `INSERT INTO sinks (kind, name, settings, namespace, created, stopped, delivered, dead, dropped)
        VALUES (?, ?, ?, ?, ?, '', 0, 0, 0) ON CONFLICT (kind, name) DO UPDATE SET settings = excluded.settings,
        namespace = excluded.namespace, stopped = ''`,
      ...[kind, name, JSON.stringify(settings), JSON.stringify(about.namespace), about.now],
    );
  }

  remove(number: number): void {
    this.#database.transaction(() => {
      for (const table of ["queue", "letters"]) this.#sql.exec(`DELETE FROM ${table} WHERE sink = ?`, number);
      this.#sql.exec("DELETE FROM sinks WHERE number = ?", number);
    });
  }

  stop(number: number, reason: string): void {
    this.#sql.exec("UPDATE sinks SET stopped = ? WHERE number = ?", reason, number);
  }

  views(now: number): SinkView[] {
    return this.#sql
      .exec<SinkRow>("SELECT * FROM sinks ORDER BY kind, name")
      .toArray()
      .map((row) => {
        const { n, oldest, tries } = this.#load(row.number);
        const { kind, name, created, stopped, delivered, dead, dropped, passed_on: passedOn } = row;
        const settings = JSON.parse(row.settings) as SinkSettings;
        return {
          ...{ kind, name, settings, created, stopped, delivered, dead, dropped, passedOn },
          ...{ waiting: n, oldestWaitMs: oldest === null ? 0 : now - oldest, tries: tries ?? 0 },
          letters: this.#letterLoad(row.number).n,
        };
      });
  }

  /** Takes what it does not know; what finds no room is a dead letter. */
  take(events: readonly SinkEvent[], now: number): void {
    this.#database.transaction(() => {
      for (const group of Map.groupBy(events, ({ kind, name }) => `${kind} ${name}`).values()) {
        const [first] = group;
        const sink = first === undefined ? null : this.find(first);
        if (sink === null) continue;
        const load = this.#load(sink.number);
        let { n } = load;
        let size = load.size ?? 0;
        for (const event of group) {
          const { length } = JSON.stringify(event);
          if (n < MAX_WAITING && size + length <= MAX_WAITING_CHARACTERS) {
            if (!this.#enqueue(sink.number, event, now)) continue;
            n++;
            size += length;
          } else if (!this.#waits(sink.number, event)) {
            this.#bury(
              sink.number,
              { event, tries: 0 },
              { now, code: 0, data: "too many events waited for this sink" },
            );
          }
        }
      }
    });
  }

  /** Of each sink that is not stopped, the longest due first. */
  due(number: number, { now, busy, max }: { now: number; busy: readonly number[]; max: number }): QueuedEvent[] {
    return this.#sql
      .exec<{ seq: number; tries: number; event: string; dead: string | null }>(
        `SELECT seq, tries, event, dead FROM queue WHERE sink = ? AND due <= ?
          AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY due, seq LIMIT ?`,
        ...[number, now, JSON.stringify(busy), max],
      )
      .toArray()
      .map(({ seq, tries, event, dead }) => ({
        ...{ seq, tries, event: JSON.parse(event) as SinkEvent },
        dead: dead === null ? null : (JSON.parse(dead) as SinkRefusal),
      }));
  }

  /** Epoch ms at which the next is due, of sinks that are not stopped and but for those on their way, or Infinity. */
  next(busy: readonly number[]): number {
    const [row] = this.#sql
      .exec<{ due: number | null }>(
        `SELECT min(due) AS due FROM queue JOIN sinks ON sinks.number = queue.sink
          WHERE stopped = '' AND seq NOT IN (SELECT value FROM json_each(?))`,
        JSON.stringify(busy),
      )
      .toArray();
    return row?.due ?? Number.POSITIVE_INFINITY;
  }

  delivered(number: number, seq: number): void {
    this.#database.transaction(() => {
      if (this.#leave(seq)) this.#sql.exec("UPDATE sinks SET delivered = delivered + 1 WHERE number = ?", number);
    });
  }

  /** It was given up, and goes to the dead letter sink now. */
  passOn(seq: number, dead: SinkRefusal, now: number): void {
    this.#sql.exec("UPDATE queue SET due = ?, tries = 0, dead = ? WHERE seq = ?", now, JSON.stringify(dead), seq);
  }

  /** The dead letter sink has it. */
  passedOn(number: number, seq: number): void {
    this.#database.transaction(() => {
      if (this.#leave(seq)) this.#sql.exec("UPDATE sinks SET passed_on = passed_on + 1 WHERE number = ?", number);
    });
  }

  later(seq: number, { due, tries }: { due: number; tries: number }): void {
    this.#sql.exec("UPDATE queue SET due = ?, tries = ? WHERE seq = ?", due, tries, seq);
  }

  bury(number: number, waiting: QueuedEvent, how: { now: number; code: number; data: string }): void {
    this.#database.transaction(() => {
      if (this.#leave(waiting.seq)) this.#bury(number, waiting, how);
    });
  }

  letters(number: number, { limit, skip }: { limit: number; skip: number }): DeadLetter[] {
    return this.#sql
      .exec<{ id: string; at: number; tries: number; code: number; data: string; event: string }>(
        "SELECT id, at, tries, code, data, event FROM letters WHERE sink = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        ...[number, limit, skip],
      )
      .toArray()
      .map(({ event, ...rest }) => ({ ...rest, event: JSON.parse(event) as SinkEvent }));
  }

  /** Back into the queue, as far as there is room; how many. */
  again(number: number, ids: readonly string[] | null, now: number): number {
    return this.#database.transaction(() => {
      const room = Math.max(0, MAX_WAITING - this.#load(number).n);
      const which = ids === null ? "1" : "id IN (SELECT value FROM json_each(?3))";
      const rows = this.#sql
        .exec<{ seq: number; event: string }>(
          `SELECT seq, event FROM letters WHERE sink = ?1 AND ${which} ORDER BY seq LIMIT ?2`,
          ...[number, room, ...(ids === null ? [] : [JSON.stringify(ids)])],
        )
        .toArray();
      for (const { seq, event } of rows) {
        this.#sql.exec("DELETE FROM letters WHERE seq = ?", seq);
        this.#enqueue(number, JSON.parse(event) as SinkEvent, now);
      }
      return rows.length;
    });
  }

  /** False: it waits already, or was given up. */
  #enqueue(sink: number, event: SinkEvent, now: number): boolean {
    const text = JSON.stringify(event);
    const taken = this.#sql
      .exec(
        `INSERT INTO queue (sink, id, due, since, tries, size, event) SELECT ?1, ?2, ?3, ?3, 0, ?4, ?5
          WHERE NOT EXISTS (SELECT 1 FROM letters WHERE sink = ?1 AND id = ?2) ON CONFLICT DO NOTHING
          RETURNING 1 AS done`,
        ...[sink, event.id, now, text.length, text],
      )
      .toArray();
    return taken.length > 0;
  }

  #waits(sink: number, { id }: SinkEvent): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM queue WHERE sink = ? AND id = ?", sink, id).toArray().length > 0;
  }

  #leave(seq: number): boolean {
    return this.#sql.exec("DELETE FROM queue WHERE seq = ? RETURNING 1 AS done", seq).toArray().length > 0;
  }

  #bury(
    sink: number,
    { event, tries }: Pick<QueuedEvent, "event" | "tries">,
    { now, code, data }: { now: number; code: number; data: string },
  ): void {
    const text = JSON.stringify(event);
    const kept = this.#sql
      .exec(
        `INSERT INTO letters (sink, id, at, tries, code, data, size, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT DO NOTHING RETURNING 1 AS done`,
        ...[sink, event.id, now, tries, code, data, text.length, text],
      )
      .toArray();
    if (kept.length === 0) return;
    let dropped = 0;
    for (let load = this.#letterLoad(sink); isTooMuch(load); load = this.#letterLoad(sink), dropped++) {
      this.#sql.exec("DELETE FROM letters WHERE seq = (SELECT min(seq) FROM letters WHERE sink = ?)", sink);
    }
    this.#sql.exec("UPDATE sinks SET dead = dead + 1, dropped = dropped + ? WHERE number = ?", dropped, sink);
  }

  #load(sink: number): Load {
    return this.#sql
      .exec<Load>(
        "SELECT count(*) AS n, sum(size) AS size, min(since) AS oldest, max(tries) AS tries FROM queue WHERE sink = ?",
        sink,
      )
      .one();
  }

  #letterLoad(sink: number): { n: number; size: number | null } {
    return this.#sql
      .exec<{ n: number; size: number | null }>(
        "SELECT count(*) AS n, sum(size) AS size FROM letters WHERE sink = ?",
        sink,
      )
      .one();
  }
}

function isTooMuch({ n, size }: { n: number; size: number | null }): boolean {
  return n > MAX_LETTERS || (n > 1 && (size ?? 0) > MAX_LETTER_CHARACTERS);
}

function sinkOf({ number, kind, name, settings, namespace, stopped }: SinkRow): KeptSink {
  return {
    ...{ number, kind, name, stopped },
    settings: JSON.parse(settings) as SinkSettings,
    namespace: JSON.parse(namespace) as KeptSink["namespace"],
  };
}
