// Records on their way from the object to the shelves: a batch is noted, put, and only when a shelf has it is the
// object's own copy let go; a tombstone stays for a day. What is noted and not confirmed is put again, under the same
// name: nothing is lost or doubled, whenever the object goes.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { KeptRecord } from "../../src/entities/kept-record.ts";
import type { StoreName } from "../../src/protocol/rpc.ts";
import type { WrittenSegment } from "../../src/storage/record-segments.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import { within } from "../shared/deadline.ts";
import type { Database, Sql } from "../shared/schema.ts";
import { Backpressure } from "./backpressure.ts";
import {
  batchCount,
  batchLength,
  dueAt,
  LOOKED,
  PLACES,
  restAfter,
  retryAfter,
  type ShelfName,
} from "./handover-plan.ts";
import type { StorePorts } from "./ports.ts";
import type { Segments } from "./segments.ts";
import { TableRoom } from "./table-room.ts";

/** ms a shelf may take for a batch. */
const PATIENCE = 60_000;
/** Records let go at once after a change of the mode. */
const MAX_SETTLED = 2_000;
const SHELVES = Object.keys(PLACES) as ShelfName[];
const WHICH = "id IN (SELECT value FROM json_each(?))";

interface Flight {
  key: string;
  ids: ActivationId[];
}

/** What this incarnation knows of a shelf. */
interface Course {
  /** Records it lacks; null = none; undefined = not looked yet. */
  pending: { count: number; size: number; since: number } | null;
  failures: number;
  retryAt: number;
  flying: boolean;
}

export class Handover {
  /** Goes up when something begins to be moved, and when it is over: whoever adds up several places can tell whether
   * they stood still meanwhile. */
  moves = 0;
  readonly backpressure: Backpressure;
  readonly #name: StoreName;
  readonly #database: Database;
  readonly #sql: Sql;
  readonly #ports: StorePorts;
  readonly #shelves: RecordShelves;
  readonly #segments: Segments;
  readonly #wake: () => void;
  readonly #room: TableRoom;
  readonly #courses = new Map<ShelfName, Course>();
  #said = "";
  /** A record was made here last (epoch ms). */
  #made = 0;
  #unsettled = false;

  constructor(
    name: StoreName,
    options: {
      database: Database;
      ports: StorePorts;
      shelves: RecordShelves;
      segments: Segments;
      wake: () => void;
      relieve: () => boolean;
    },
  ) {
    this.#name = name;
    this.#database = options.database;
    this.#sql = options.database.sql;
    this.#ports = options.ports;
    this.#shelves = options.shelves;
    this.#segments = options.segments;
    this.#wake = options.wake;
    const { ports, shelves, relieve } = options;
    this.#room = new TableRoom({ namespaceId: this.#namespaceId, ports, shelves, relieve });
    this.backpressure = new Backpressure(name, { sql: this.#sql, ports, bounds: shelves.bounds });
    this.#settle();
    const wanted = this.#wanted();
    for (const shelf of SHELVES) {
      const pending = this.#look(shelf);
      // What is in the air to a shelf that is no longer wanted arrives:
      // whether it has not done so already nobody knows.
      const late = this.#flight(shelf) === null ? null : { count: 1, size: 0, since: 0 };
      if (wanted.includes(shelf) || pending !== null || late !== null) {
        this.#courses.set(shelf, { pending: late ?? pending, failures: 0, retryAt: 0, flying: false });
      }
    }
  }

  /** A record was made. */
  kept(size: number): void {
    this.backpressure.grew(size);
    this.#made = this.#ports.now();
    for (const shelf of this.#wanted()) {
      const course = this.#courses.get(shelf);
      if (course === undefined) continue;
      course.pending ??= { count: 0, size: 0, since: this.#ports.now() };
      course.pending.count++;
      course.pending.size += size;
    }
  }

  /** Since when (epoch ms) a record waits for its place, or null. */
  oldest(): number | null {
    const since = [...this.#courses.values()].flatMap(({ pending }) => (pending === null ? [] : [pending.since]));
    return since.length === 0 ? null : Math.min(...since);
  }

  /** Epoch ms at which `run` has something to do, or Infinity. */
  next(): number {
    let earliest = this.#unsettled ? this.#ports.now() : this.backpressure.next();
    for (const [shelf, { pending, flying, retryAt }] of this.#courses) {
      // Should this incarnation be lost with a batch in the air, the alarm brings the next one to it.
      const due = flying ? this.#ports.now() + PATIENCE : Math.max(dueAt(shelf, pending), retryAt);
      earliest = Math.min(earliest, due);
    }
    return earliest;
  }

  /** Starts what is due; it goes on by itself. */
  run(): void {
    this.#settle();
    if (this.backpressure.next() <= this.#ports.now()) void this.backpressure.look().finally(this.#wake);
    for (const [shelf, course] of this.#courses) {
      if (course.flying || !this.#isDue(shelf, course)) continue;
      course.flying = true;
      this.#fly(shelf, course)
        .catch(async (error: unknown) => {
          this.#ports.meter?.count("edgewhisk_store_errors_total", [shelf]);
          this.#ports.meter?.count("counter_database_saveDocumentBulk_error_total", []);
          this.#fail(course, error);
          if (shelf === "d1") await this.#room.refused().catch(() => undefined);
          return this.backpressure.look();
        })
        .finally(() => {
          course.flying = false;
          this.#wake();
        });
    }
  }

  /** Ids of batches that were noted and are not confirmed: a shelf may have them as well. */
  moving(): ActivationId[] {
    return SHELVES.flatMap((shelf) => this.#flight(shelf)?.ids ?? []);
  }

  async #fly(shelf: ShelfName, course: Course): Promise<void> {
    while (this.#isDue(shelf, course)) {
      const began = this.#ports.now();
      const flight = this.#flight(shelf) ?? this.#note(shelf);
      if (flight === null) {
        course.pending = null;
        return;
      }
      const records = this.#load(shelf, flight.ids);
      this.moves++;
      const asked = this.#ports.now();
      this.#ports.meter?.count("counter_database_saveDocumentBulk_start_total", []);
      this.#ports.meter?.observe("histogram_database_batchSize_counter", [], records.length);
      const written = await within(this.#ports.after, PATIENCE, this.#put(shelf, flight, records));
      const tookMs = this.#ports.now() - asked;
      this.#ports.meter?.observe("histogram_database_saveDocumentBulk_finish_seconds", [], tookMs / 1_000);
      const { since = began } = course.pending ?? {};
      this.#land(shelf, flight, { records, written });
      this.#ports.meter?.observe("edgewhisk_handover_lag_seconds", [shelf], (this.#ports.now() - since) / 1_000);
      course.failures = 0;
      course.pending = this.#look(shelf);
      await this.#rest(began);
    }
  }

  async #put(shelf: ShelfName, { key }: Flight, records: readonly KeptRecord[]): Promise<WrittenSegment | null> {
    if (records.length === 0) return null;
    if (shelf === "r2") return this.#shelves.segments.put(key, records);
    const table = await this.#shelves.tableOf(this.#namespaceId);
    const bytes = await table.put(this.#namespaceId, records);
    await this.#room.came(records.length, bytes);
    return null;
  }

  /** The shelf has them: one transaction says so, and lets go of what all shelves have that are to have it. */
  #land(
    shelf: ShelfName,
    flight: Flight,
    put: { records: readonly KeptRecord[]; written: WrittenSegment | null },
  ): void {
    const ids = JSON.stringify(flight.ids);
    const pruned = this.#database.transaction(() => {
      if (put.written !== null) {
        const { bytes, entries } = put.written;
        const twin = this.#shelves.mode === "d1+r2" ? "all" : "none";
        this.#segments.add(flight.key, entries, { bytes, twin, since: this.#ports.now() });
      }
      this.#sql.exec("DELETE FROM flights WHERE shelf = ?", shelf);
      return this.#settleIn(shelf, ids);
    });
    this.moves++;
    const gone = new Set(pruned);
    const sizes = put.records.filter((each) => gone.has(each.id)).map((each) => each.text.length);
    this.backpressure.shrank(
      sizes.length,
      sizes.reduce((sum, each) => sum + each, 0),
    );
  }

  /** The shelf has these ids (a JSON array). Returns those that are where they are to be, and were let go by the same
   * write. */
  #settleIn(shelf: ShelfName, ids: string): ActivationId[] {
    const bit = PLACES[shelf];
    // Where one shelf is wanted, another one that has it will do.
    const enough = this.#shelves.mode === "d1+r2" ? `places | ${bit} = ${PLACES.d1 | PLACES.r2}` : "1";
    return this.#sql
      .exec<{ id: string; kept: number }>(
        `UPDATE records SET places = places | ${bit}, kept = iif(${enough}, 2, 1), record = iif(${enough}, '', record)
          WHERE ${WHICH} AND kept = 1 RETURNING id, kept`,
        ids,
      )
      .toArray()
      .flatMap((row) => (row.kept === 1 ? [] : [row.id]));
  }

  #fail(course: Course, error: unknown): void {
    course.failures++;
    course.retryAt = this.#ports.now() + retryAfter(course.failures);
    const text = `records were not handed over, and stay here until they are: ${String(error)}`;
    if (text !== this.#said) this.#ports.warn(text);
    this.#said = text;
  }

  #isDue(shelf: ShelfName, course: Course): boolean {
    const now = this.#ports.now();
    return course.retryAt <= now && dueAt(shelf, course.pending) <= now;
  }

  /** A batch is chosen and written down, oldest start first. */
  #note(shelf: ShelfName): Flight | null {
    // One shelf is enough for what is in the air to another.
    const others = this.#shelves.mode === "d1+r2" ? [] : this.moving();
    const rows = this.#sql
      .exec<{ id: string; size: number }>(
        `SELECT id, length(record) AS size FROM records WHERE kept = 1 AND ${this.#lacking(shelf)}
          AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY start LIMIT ?`,
        ...[JSON.stringify(others), batchCount(shelf, this.#ports.now() - this.#made)],
      )
      .toArray();
    const sizes = rows.map((row) => row.size);
    const ids = rows.slice(0, batchLength(shelf, sizes)).map((row) => row.id);
    const [first] = ids;
    if (first === undefined) return null;
    const key = shelf === "r2" ? `records/${this.#name.replace(":", "/")}/${first}` : "";
    this.#sql.exec("INSERT INTO flights (shelf, key, ids) VALUES (?, ?, ?)", shelf, key, JSON.stringify(ids));
    return { key, ids };
  }

  #flight(shelf: ShelfName): Flight | null {
    const [row] = this.#sql
      .exec<{ key: string; ids: string }>("SELECT key, ids FROM flights WHERE shelf = ?", shelf)
      .toArray();
    return row === undefined ? null : { key: row.key, ids: JSON.parse(row.ids) as ActivationId[] };
  }

  #load(shelf: ShelfName, ids: readonly ActivationId[]): KeptRecord[] {
    // A segment that stands for itself holds nothing that the table has.
    const which = shelf === "r2" && this.#shelves.mode !== "d1+r2" ? "AND places = 0" : "";
    return this.#sql
      .exec<{ id: string; start: number; name: string; text: string; sum: number }>(
        `SELECT id, start, name, record AS text, sum FROM records
          WHERE ${WHICH} AND kept = 1 ${which} ORDER BY start, id`,
        JSON.stringify(ids),
      )
      .toArray();
  }

  /** Of the oldest as many as a batch has: cheap, however many there are. */
  #look(shelf: ShelfName): Course["pending"] {
    const found = this.#sql
      .exec<{ count: number; size: number; since: number | null }>(
        `SELECT count(*) AS count, total(size) AS size, min(stored) AS since FROM
          (SELECT octet_length(record) AS size, stored FROM records
            WHERE kept = 1 AND ${this.#lacking(shelf)} ORDER BY start LIMIT ${LOOKED[shelf]})`,
      )
      .one();
    return found.since === null ? null : { count: found.count, size: found.size, since: found.since };
  }

  /** SQL for those that are to go there. Where one place is wanted, what one of two has is not given another: but a
   * segment that was to have its records in the table as well gets them there. */
  #lacking(shelf: ShelfName): string {
    const { mode } = this.#shelves;
    if (mode === null) return "0";
    if (mode === "d1+r2") return `places & ${PLACES[shelf]} = 0`;
    if (mode === shelf) return shelf === "d1" ? `places & ${PLACES.d1} = 0` : "places = 0";
    return shelf === "d1" ? `places > 0 AND places = ${PLACES.r2}` : "0";
  }

  /** The mode was changed from two places to one: what the table has may go. A piece at a time. */
  #settle(): void {
    const { mode } = this.#shelves;
    if (mode === null || mode === "d1+r2") return;
    const left = this.#sql
      .exec(
        `UPDATE records SET kept = 2, record = '' WHERE id IN
          (SELECT id FROM records WHERE kept = 1 AND places > 0 AND places & ${PLACES.d1} LIMIT ${MAX_SETTLED}) RETURNING 1 AS done`,
      )
      .toArray();
    if (left.length > 0) this.moves++;
    this.#unsettled = left.length === MAX_SETTLED;
  }

  /** After a batch that began then (epoch ms). */
  #rest(began: number): Promise<void> {
    const now = this.#ports.now();
    const ms = restAfter(now - began, now - this.#made);
    return new Promise((resolve) => this.#ports.after(ms, resolve));
  }

  #wanted(): ShelfName[] {
    const { mode } = this.#shelves;
    if (mode === null) return [];
    return mode === "d1+r2" ? ["d1", "r2"] : [mode];
  }

  get #namespaceId(): string {
    return this.#name.slice(0, this.#name.lastIndexOf(":"));
  }
}
