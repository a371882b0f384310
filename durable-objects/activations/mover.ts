// Brings records that have left the object to where the mode in force has them. Step by step, in turns with other
// objects; each step may be done twice. A record is written to its new place before it goes from the old one, and goes
// from there only when whoever had read where it is has long been answered.

import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { KeptRecord } from "../../src/entities/kept-record.ts";
import type { MoveProgress } from "../../src/protocol/moving.ts";
import type { StoreName } from "../../src/protocol/rpc.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { RecordTable } from "../../src/storage/record-table.ts";
import { within } from "../shared/deadline.ts";
import type { Database, Sql } from "../shared/schema.ts";
import { BATCH, retryAfter, SEGMENT_SIZE } from "./handover-plan.ts";
import { type InTurn, inTurnOf } from "./moving-turns.ts";
import type { StorePorts } from "./ports.ts";
import { type SegmentStep, SegmentSteps } from "./segment-steps.ts";
import type { SegmentRow, Segments } from "./segments.ts";

/** ms for which somebody may still read a record where he was told that it is: no request lasts so long. */
const READERS = 120_000;
/** ms a place may take to answer. */
const PATIENCE = 60_000;
/** ms for which counts go before it, since they must see all places stand still; not for longer than that in a row. */
const QUIET = 1_000;
const MAX_QUIET = 10_000;
/** ms until a pass is made again that left something out. */
const AGAIN = 30_000;
/** ms between two steps, which take their turns besides. */
const BETWEEN = 10;
/** Rows of the table read at once. */
const PAGE = 200;

type Phase = "drop" | "copy" | "clear" | "fill";
const PHASES: Record<ActivationStoreMode, readonly Phase[]> = {
  d1: ["drop"],
  r2: ["copy", "clear"],
  "d1+r2": ["copy", "fill"],
};

/** The job as it is kept. `start`, `place`: after which record (copy) or segment the next step begins. */
type Job = {
  target: ActivationStoreMode;
  phase: Phase;
  start: number;
  place: string;
  moved: number;
  skipped: number;
  damaged: number;
  began: number;
  ended: number;
};

/** What a step came to. "skipped": what must be looked at again. */
type Step =
  | { kind: "moved" | "skipped" | "damaged"; records: number }
  | { kind: "over" }
  | { kind: "wait"; ms: number };

interface Options {
  database: Database;
  ports: Pick<StorePorts, "now" | "after" | "warn" | "turns">;
  shelves: RecordShelves;
  segments: Segments;
  /** Something begins to be moved, or is over. */
  touch: () => void;
  wake: () => void;
}

export class Mover {
  readonly #namespaceId: string;
  readonly #shard: string;
  readonly #database: Database;
  readonly #sql: Sql;
  readonly #ports: Options["ports"];
  readonly #shelves: RecordShelves;
  readonly #segments: Segments;
  readonly #steps: SegmentSteps;
  readonly #inTurn: InTurn;
  readonly #touch: () => void;
  readonly #wake: () => void;
  /** Of the job that is not over. */
  #target: ActivationStoreMode | null;
  #flying = false;
  #failures = 0;
  #at = 0;
  /** Segments that are to go from a table that is nearly full, and from when on (epoch ms): by then whoever reads has
   * been told. */
  #relief: { at: number; segments: number } | undefined;
  #reason: string | undefined;
  /** Counts were asked for last, and first in a row (epoch ms). */
  #counted = 0;
  #countedSince = 0;

  constructor(name: StoreName, { database, ports, shelves, segments, touch, wake }: Options) {
    const colon = name.lastIndexOf(":");
    this.#namespaceId = name.slice(0, colon);
    this.#shard = name.slice(colon + 1);
    this.#database = database;
    this.#sql = database.sql;
    this.#ports = ports;
    this.#shelves = shelves;
    this.#segments = segments;
    this.#touch = touch;
    this.#inTurn = inTurnOf(name, ports);
    const inTurn = this.#inTurn;
    this.#steps = new SegmentSteps(this.#namespaceId, { sql: this.#sql, ports, inTurn, shelves, segments, touch });
    this.#wake = wake;
    const job = this.#job();
    this.#target = job === undefined || job.ended > 0 ? null : job.target;
  }

  /** As MoveRpc's. */
  start(to: ActivationStoreMode | null): MoveProgress | null {
    const job = this.#job();
    const isUnderWay = job !== undefined && job.ended === 0 && job.target === to;
    if (to !== null && !isUnderWay) {
      this.#sql.exec("DELETE FROM move");
      this.#sql.exec(
        `INSERT INTO move (one, target, phase, start, place, moved, skipped, damaged, began, ended)
          VALUES (1, ?, ?, 0, '', 0, 0, 0, ?, 0)`,
        ...[to, PHASES[to][0] as string, this.#ports.now()],
      );
      this.#target = to;
      this.#at = 0;
      this.#failures = 0;
      this.#reason = undefined;
    }
    return this.#progress();
  }

  /** Epoch ms at which `run` has something to do, or Infinity. */
  next(): number {
    const relief = this.#flying ? Number.POSITIVE_INFINITY : (this.#relief?.at ?? Number.POSITIVE_INFINITY);
    const others = Math.min(this.#segments.nextLeftover(), relief);
    if (this.#target === null || this.#target !== this.#shelves.mode) return others;
    return Math.min(others, this.#flying ? this.#ports.now() + PATIENCE : Math.max(this.#at, this.#ports.now()));
  }

  /** Starts what is due; it goes on by itself. */
  run(): void {
    if (this.#flying || this.next() > this.#ports.now()) return;
    this.#flying = true;
    this.#fly()
      .catch((error: unknown) => {
        this.#failures++;
        this.#at = this.#ports.now() + retryAfter(this.#failures);
        if (this.#relief !== undefined) this.#relief.at = Math.max(this.#relief.at, this.#at);
        this.#reason = `a place of records does not answer: ${String(error)}`;
        if (this.#failures === 1) this.#ports.warn(`records are not moved, trying on: ${String(error)}`);
      })
      .finally(() => {
        this.#flying = false;
        this.#wake();
      });
  }

  /** The table may lose what it has had of a segment: whoever reads then looks into the segment as well. True for so
   * long before it does that who was told otherwise has been answered. */
  get clears(): boolean {
    return this.#relief !== undefined || this.#target === "r2";
  }

  /** The oldest records that are in both places go from the table, once whoever reads knows of it. False: there are
   * none. */
  relieve(): boolean {
    const now = this.#ports.now();
    if (this.#segments.oldestTwin(now - READERS) === undefined) return false;
    if (this.#target !== null) return true;
    this.#relief ??= { at: now + READERS, segments: 0 };
    this.#relief.segments++;
    this.#wake();
    return true;
  }

  async #relieveTable(): Promise<void> {
    const { at = Number.POSITIVE_INFINITY, segments = 0 } = this.#relief ?? {};
    if (at > this.#ports.now()) return;
    const table = await within(this.#ports.after, PATIENCE, this.#shelves.tableOf(this.#namespaceId));
    for (let left = segments; left > 0; left--) {
      const row = this.#segments.oldestTwin(this.#ports.now() - READERS);
      if (row === undefined || (await this.#steps.clear(row, table)).kind !== "moved") break;
    }
    this.#relief = undefined;
  }

  /** Somebody counts. */
  counting(): void {
    const now = this.#ports.now();
    if (now - this.#counted > QUIET) this.#countedSince = now;
    this.#counted = now;
  }

  async #fly(): Promise<void> {
    const due = this.#segments.leftovers(this.#ports.now());
    if (due.length > 0) {
      await within(this.#ports.after, PATIENCE, this.#shelves.segments.delete(due));
      this.#segments.forgetLeftovers(due);
    }
    await this.#relieveTable();
    for (;;) {
      const job = this.#job();
      const { mode } = this.#shelves;
      if (job === undefined || job.ended > 0 || job.target !== mode || this.#at > this.#ports.now()) return;
      const began = this.#ports.now();
      const isCounted = began - this.#counted < QUIET && began - this.#countedSince < MAX_QUIET;
      const step: Step = isCounted ? { kind: "wait", ms: QUIET } : await this.#step(job);
      this.#failures = 0;
      if (step.kind === "wait") {
        this.#at = this.#ports.now() + step.ms;
        return;
      }
      this.#reason = undefined;
      if (step.kind === "over") this.#nextPhase(job);
      else this.#note(step);
      await new Promise<void>((resolve) => this.#ports.after(BETWEEN, resolve));
    }
  }

  async #step(job: Job): Promise<Step> {
    // What is in one of two places only, of those that are still here, is brought to the other first: see handover.ts.
    if (job.target !== "d1+r2" && this.#hasSplit()) return this.#waitFor("records on their way to both places", 5_000);
    const table = await within(this.#ports.after, PATIENCE, this.#shelves.tableOf(this.#namespaceId));
    if (job.phase === "copy") return this.#inTurn(() => this.#copy(job, table));
    const row = this.#segments.after({ start: job.start, key: job.place });
    if (row === undefined) return { kind: "over" };
    const step = await this.#segmentStep(job, row, table);
    if (step.kind === "wait") return step;
    this.#sql.exec("UPDATE move SET start = ?, place = ?", row.maxStart, row.key);
    return step;
  }

  async #segmentStep(job: Job, row: SegmentRow, table: RecordTable): Promise<Step> {
    if (job.phase === "clear") {
      if (row.twin === "none") return { kind: "moved", records: 0 };
      const left = Math.max(row.since, job.began) + READERS - this.#ports.now();
      if (left > 0) return this.#waitFor("whoever reads the records where they were", left);
      return this.#steps.clear(row, table);
    }
    const filled = await this.#steps.fill(row, table);
    if (filled.kind !== "moved" || job.phase === "fill") return filled;
    this.#touch();
    this.#database.transaction(() => this.#segments.drop(row.key, this.#ports.now() + READERS));
    return { kind: "moved", records: row.count };
  }

  /** Rows of the table that are in no segment get one. */
  async #copy(job: Job, table: RecordTable): Promise<Step> {
    const fresh: KeptRecord[] = [];
    let after = { start: job.start, id: job.place };
    let size = 0;
    let skipped = 0;
    let isEnd = false;
    while (size < SEGMENT_SIZE && fresh.length < BATCH.r2.count && !isEnd) {
      const asked = table.ofShard(this.#namespaceId, { shard: this.#shard, after, limit: PAGE });
      const rows = await within(this.#ports.after, PATIENCE, asked);
      const own = this.#steps.own(rows.map((each) => each.id));
      for (const row of rows) {
        // With two places it comes to the other one by itself.
        if (own.has(row.id)) skipped += job.target === "d1+r2" ? 0 : 1;
        else if (this.#segments.keyOf(row.id) === undefined) {
          fresh.push(row);
          size += row.text.length;
        }
      }
      after = rows.at(-1) ?? after;
      isEnd = rows.length < PAGE;
      if (fresh.length === 0) break;
    }
    const [first] = fresh;
    if (first !== undefined) {
      const now = this.#ports.now();
      const key = `records/${this.#namespaceId}/${this.#shard}/${first.id}-${now.toString(36)}`;
      // Should it not come to be indexed, it is deleted.
      this.#segments.leave(key, now + READERS + PATIENCE);
      const { bytes, entries } = await within(this.#ports.after, PATIENCE, this.#shelves.segments.put(key, fresh));
      this.#database.transaction(() => {
        this.#segments.add(key, entries, { bytes, twin: "all", since: this.#ports.now() });
        this.#segments.forgetLeftovers([key]);
        this.#sql.exec("UPDATE move SET start = ?, place = ?", after.start, after.id);
      });
      this.#touch();
    } else this.#sql.exec("UPDATE move SET start = ?, place = ?", after.start, after.id);
    if (isEnd && first === undefined && skipped === 0) return { kind: "over" };
    return { kind: skipped > 0 ? "skipped" : "moved", records: fresh.length };
  }

  #note(step: SegmentStep): void {
    const { kind, records } = step;
    this.#sql.exec(
      "UPDATE move SET moved = moved + ?, skipped = skipped + ?, damaged = damaged + ?",
      ...[records, kind === "skipped" ? 1 : 0, kind === "damaged" ? 1 : 0],
    );
  }

  /** A pass over all is made: made again if something was left out, or came to a place that it had left behind. */
  #nextPhase({ target, phase, skipped, damaged }: Job): void {
    const phases = PHASES[target];
    const left = this.#leftOf(phase);
    if (skipped > 0 || left > damaged) {
      this.#sql.exec("UPDATE move SET start = 0, place = '', skipped = 0, damaged = 0");
      this.#at = this.#ports.now() + AGAIN;
      this.#reason = "records that came meanwhile";
      return;
    }
    const next = phases[phases.indexOf(phase) + 1];
    if (next !== undefined) this.#sql.exec("UPDATE move SET phase = ?, start = 0, place = ''", next);
    else {
      this.#sql.exec("UPDATE move SET ended = ?", this.#ports.now());
      this.#target = null;
    }
  }

  /** Segments that should not be there, or not as they are, once the phase is over. */
  #leftOf(phase: Phase): number {
    if (phase === "drop") return this.#segments.count("1 = 1");
    if (phase === "clear") return this.#segments.count("twin <> 'none'");
    return phase === "fill" ? this.#segments.count("twin <> 'all'") : 0;
  }

  #waitFor(reason: string, ms: number): Step {
    this.#reason = reason;
    return { kind: "wait", ms };
  }

  #hasSplit(): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM records WHERE kept = 1 AND places > 0 LIMIT 1").toArray().length > 0;
  }

  #job(): Job | undefined {
    return this.#sql.exec<Job>("SELECT * FROM move").toArray()[0];
  }

  #progress(): MoveProgress | null {
    const job = this.#job();
    if (job === undefined) return null;
    const { target: to, moved, damaged, start: reached, began, ended } = job;
    const isStopped = ended === 0 && to !== this.#shelves.mode;
    const reason = isStopped ? `the mode in force is ${this.#shelves.mode ?? "not known"}` : this.#reason;
    const state = ended > 0 ? "done" : isStopped ? "stopped" : reason === undefined ? "moving" : "waiting";
    return {
      ...{ to, state, moved, damaged, segments: this.#segments.count("1 = 1"), reached, began },
      ...(ended > 0 ? { ended } : {}),
      ...(reason === undefined || ended > 0 ? {} : { reason }),
    };
  }
}
