// The runs of one object as they lie in its tables. Each change is one transaction; a frame's row always says which
// step is under way, or how the frame ends. Synchronous; takes `now`.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { CompositionRun, OnBehalf } from "../../src/protocol/composition.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { MIGRATIONS } from "./schema.ts";
import type { Progress, StackFrame } from "./state.ts";

/** Runs under way in one object. */
export const MAX_RUNS = 20_000;
/** ms the trace of an ended run stays: longer than any caller asks again. */
const TRACE_FOR_MS = 600_000;
/** Digits of an id that are its time and its shard. */
const ADDRESS = 14;

/** A run, with the frame that is at work. */
export interface Held {
  transactionId: string;
  onBehalf: OnBehalf;
  /** Blob key, or "". */
  argsBlob: string;
  depth: number;
  frame: StackFrame;
}

export class RunStore {
  running: number;
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
    this.running = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM runs WHERE ended = 0").one().n;
  }

  state(id: ActivationId): "running" | "ended" | "unknown" {
    const [row] = this.#sql.exec<{ ended: number }>("SELECT ended FROM runs WHERE id = ?", id).toArray();
    if (row === undefined) return "unknown";
    return row.ended === 0 ? "running" : "ended";
  }

  /** Of these those that have time and shard of a run under way: what is derived from a run has both of them. */
  involved(ids: readonly ActivationId[]): ActivationId[] {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT value AS id FROM json_each(?) AS asked WHERE EXISTS (SELECT 1 FROM runs WHERE ended = 0
        AND id >= substr(asked.value, 1, ${ADDRESS}) AND id < substr(asked.value, 1, ${ADDRESS}) || 'g')`,
      JSON.stringify(ids),
    );
    return rows.toArray().map((row) => row.id);
  }

  /** A new run with its first step. False if the id is known. */
  begin(run: CompositionRun, frame: StackFrame): boolean {
    const { id, about, onBehalf, args } = run;
    const isNew = this.#database.transaction(() => {
      const values = [id, 0, about.transactionId, JSON.stringify(onBehalf), "blob" in args ? args.blob : ""];
      const rows = this.#sql.exec(
        `INSERT INTO runs (id, ended, transactionId, behalf, spent) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (id) DO NOTHING RETURNING 1 AS done`,
        ...values,
      );
      if (rows.toArray().length === 0) return false;
      this.#insert(id, 0, frame);
      return true;
    });
    if (isNew) this.running++;
    return isNew;
  }

  /** Null if it is over, or not known. */
  load(id: ActivationId): Held | null {
    const [row] = this.#sql
      .exec<{ transactionId: string; behalf: string; spent: string; depth: number; head: string; progress: string }>(
        `SELECT transactionId, behalf, spent, depth, head, progress FROM runs JOIN frames ON frames.run = runs.id
          WHERE id = ? AND ended = 0 ORDER BY depth DESC LIMIT 1`,
        id,
      )
      .toArray();
    if (row === undefined) return null;
    const { transactionId, spent: argsBlob, depth } = row;
    return { transactionId, onBehalf: JSON.parse(row.behalf) as OnBehalf, argsBlob, depth, frame: frameOf(row) };
  }

  frameAt(id: ActivationId, depth: number): StackFrame {
    return frameOf(
      this.#sql
        .exec<{ head: string; progress: string }>(
          "SELECT head, progress FROM frames WHERE run = ? AND depth = ?",
          ...[id, depth],
        )
        .one(),
    );
  }

  save(id: ActivationId, depth: number, progress: Progress): void {
    this.#sql.exec(
      "UPDATE frames SET progress = ? WHERE run = ? AND depth = ?",
      ...[JSON.stringify(progress), id, depth],
    );
  }

  push(id: ActivationId, depth: number, frame: StackFrame): void {
    this.#insert(id, depth, frame);
  }

  /** The frame at `depth` is over; the one around it goes on. */
  pop(id: ActivationId, depth: number, outer: Progress): void {
    this.#database.transaction(() => {
      this.#sql.exec("DELETE FROM frames WHERE run = ? AND depth >= ?", id, depth);
      this.save(id, depth - 1, outer);
    });
  }

  end(id: ActivationId, now: number): void {
    this.#database.transaction(() => {
      this.#sql.exec("DELETE FROM frames WHERE run = ?", id);
      this.#sql.exec("UPDATE runs SET ended = ?, behalf = '', spent = '' WHERE id = ? AND ended = 0", now, id);
    });
    this.running--;
  }

  /** Runs under way, oldest first. */
  oldest(max: number): ActivationId[] {
    const rows = this.#sql.exec<{ id: string }>("SELECT id FROM runs WHERE ended = 0 ORDER BY seq LIMIT ?", max);
    return rows.toArray().map((row) => row.id);
  }

  /** Drops old traces. Returns when the next one is old, or Infinity. */
  purge(now: number): number {
    this.#sql.exec("DELETE FROM runs WHERE ended > 0 AND ended <= ?", now - TRACE_FOR_MS);
    const [next] = this.#sql
      .exec<{ ended: number }>("SELECT ended FROM runs WHERE ended > 0 ORDER BY ended LIMIT 1")
      .toArray();
    return next === undefined ? Number.POSITIVE_INFINITY : next.ended + TRACE_FOR_MS;
  }

  #insert(run: ActivationId, depth: number, { id, about, plan, progress }: StackFrame): void {
    const head = JSON.stringify({ id, about, plan });
    this.#sql.exec(
      "INSERT INTO frames (run, depth, head, progress) VALUES (?, ?, ?, ?)",
      ...[run, depth, head, JSON.stringify(progress)],
    );
  }
}

function frameOf(row: { head: string; progress: string }): StackFrame {
  const head = JSON.parse(row.head) as Omit<StackFrame, "progress">;
  return { ...head, progress: JSON.parse(row.progress) as Progress };
}
