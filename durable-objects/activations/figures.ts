// Figures of the activations that ended here, by minute, hour and day. Each is counted once, in the transaction that
// makes its record. Minutes are added up into hours, and hours into days, once they are over: up to `rolled` that has
// been done, and who counts something older adds it to its hour and day at once.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import {
  addFigures,
  countedAt,
  type Figures,
  type FiguresKey,
  figuresOf,
  keyOf,
  noFigures,
  STEP_NAMES,
  STEPS,
  type Step,
} from "../../src/entities/figures.ts";
import type { FiguresPage, FiguresQuery } from "../../src/protocol/figures.ts";
import type { Database, Sql, SqlValue } from "../shared/schema.ts";

/** Names that are told apart in one span; what is beyond counts as "other". */
export const MAX_NAMES = 200;
/** ms that are added up at a time: a part of an hour. */
export const WINDOW = 600_000;
/** ms after its end at which a window is added up: what is late by less costs no more than what is not. */
const SLACK = 60_000;
/** Windows in one round. */
const MAX_WINDOWS = 6;
/** Spans of old figures dropped in one round. */
const MAX_DROPPED = 20;
/** Rows read at a time, and in all, for one answer. */
const CHUNK = 1_000;
const MAX_READ = 100_000;
/** Names in one answer. */
const MAX_TOLD = 1_000;
const OTHER: FiguresKey = { type: "other", name: "" };
const { minute: MINUTE, hour: HOUR } = STEPS;

type Row = { at: number; type: FiguresKey["type"]; name: string; figures: string };

export class FigureBook {
  readonly #sql: Sql;
  /** Not yet written; null outside of a batch. */
  #pending: Map<string, { at: number; key: FiguresKey; figures: Figures }> | null = null;
  #rolled: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    const [row] = sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = 'figures_rolled'").toArray();
    this.#rolled = row?.value ?? 0;
  }

  /** What is counted meanwhile is written at the end, each name once.
   * To be called in the transaction that makes the records. */
  batch<T>(run: () => T): T {
    if (this.#pending !== null) throw new Error("figures are counted in one batch at a time");
    const pending = new Map<string, { at: number; key: FiguresKey; figures: Figures }>();
    this.#pending = pending;
    try {
      const value = run();
      for (const { at, key, figures } of pending.values()) this.#write(at, key, figures);
      return value;
    } finally {
      this.#pending = null;
    }
  }

  /** An activation has ended: to be called in the transaction that makes its record, and only if that is its first. */
  count(record: ActivationRecord): void {
    const at = floor(countedAt(record), MINUTE.ms);
    const key = keyOf(record);
    const figures = figuresOf(record);
    if (this.#pending === null) {
      this.#write(at, key, figures);
      return;
    }
    const label = JSON.stringify([at, key.type, key.name]);
    const known = this.#pending.get(label);
    if (known === undefined) this.#pending.set(label, { at, key, figures });
    else addFigures(known.figures, figures);
  }

  /** Adds up what is over, and drops what is too old: in each round of the alarm, and worth no alarm of its own, since
   * what has not been added up is read as well. False if there is more to do. */
  tend(database: Database, now: number): boolean {
    for (let windows = 0; ; windows++) {
      const [oldest] = this.#sql
        .exec<{ at: number }>(
          "SELECT at FROM figures WHERE step = 'minute' AND at >= ? ORDER BY at LIMIT 1",
          this.#rolled,
        )
        .toArray();
      if (oldest === undefined) return true;
      const end = floor(oldest.at, WINDOW) + WINDOW;
      if (end + SLACK > now) return true;
      if (windows === MAX_WINDOWS) return false;
      database.transaction(() => {
        this.#roll(end);
        this.#drop(now);
      });
      this.#rolled = end;
    }
  }

  /** Null if it were more than one answer may take. `pause`: called between its pieces,
   * so that others have their turn. */
  async read(query: FiguresQuery, options: { now: number; pause: () => Promise<void> }): Promise<FiguresPage | null> {
    for (;;) {
      const rolled = this.#rolled;
      const reading = new Reading(query.step);
      for (const part of this.#parts(query, options.now)) {
        for (const rows of this.#chunks(part, query.name)) {
          if (!reading.take(rows)) return null;
          if (rows.length === CHUNK) await options.pause();
          if (this.#rolled !== rolled) break;
        }
        if (this.#rolled !== rolled) break;
      }
      // What was added up meanwhile may have been read twice, or not at all.
      if (this.#rolled === rolled) return reading.page();
    }
  }

  /** Where what is asked for stands: what has not been added up yet is still with the finer step. */
  #parts({ step, since, upto }: FiguresQuery, now: number): { step: Step; from: number; to: number }[] {
    const { ms, keptMs } = STEPS[step];
    const from = Math.max(floor(since, ms), floor(now - keptMs, ms));
    const to = floor(upto, ms) + ms;
    const minutes = { step: "minute" as const, from: Math.max(from, this.#rolled), to };
    const hours = { step: "hour" as const, from: Math.max(from, floor(this.#rolled, HOUR.ms)), to };
    if (step === "minute") return [{ step, from, to }];
    return step === "hour" ? [{ step, from, to }, minutes] : [{ step, from, to }, hours, minutes];
  }

  *#chunks(part: { step: Step; from: number; to: number }, name: string | undefined): Generator<Row[]> {
    let after: SqlValue[] = [part.from, "", ""];
    for (;;) {
      const rows = this.#sql
        .exec<Row>(
          `SELECT at, type, name, figures FROM figures WHERE step = ? AND at < ? AND (at, type, name) > (?, ?, ?)
            ${name === undefined ? "" : "AND name = ?"} ORDER BY at, type, name LIMIT ${CHUNK}`,
          ...[part.step, part.to, ...after, ...(name === undefined ? [] : [name])],
        )
        .toArray();
      yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < CHUNK) return;
      after = [last.at, last.type, last.name];
    }
  }

  #write(at: number, key: FiguresKey, figures: Figures): void {
    const isRolled = at < this.#rolled;
    if (!isRolled || this.#rolled - at < MINUTE.keptMs) this.#add("minute", at, key, figures);
    if (isRolled) this.#add("hour", at, key, figures);
    if (floor(at, HOUR.ms) + HOUR.ms <= this.#rolled) this.#add("day", at, key, figures);
  }

  #add(step: Step, moment: number, key: FiguresKey, figures: Figures): void {
    const at = floor(moment, STEPS[step].ms);
    const place = [step, at, key.type, key.name];
    const [row] = this.#sql
      .exec<{ figures: string }>(
        "SELECT figures FROM figures WHERE step = ? AND at = ? AND type = ? AND name = ?",
        ...place,
      )
      .toArray();
    if (row === undefined && key.type !== "other" && this.#names(step, at) >= MAX_NAMES) {
      this.#add(step, at, OTHER, figures);
      return;
    }
    const sum = row === undefined ? noFigures() : (JSON.parse(row.figures) as Figures);
    addFigures(sum, figures);
    this.#sql.exec(
      `INSERT INTO figures (step, at, type, name, figures) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (step, at, type, name) DO UPDATE SET figures = excluded.figures`,
      ...[...place, JSON.stringify(sum)],
    );
  }

  #names(step: Step, at: number): number {
    const asked = "SELECT count(*) AS n FROM figures WHERE step = ? AND at = ? AND type <> 'other'";
    return this.#sql.exec<{ n: number }>(asked, step, at).one().n;
  }

  #roll(end: number): void {
    for (const row of this.#rows("minute", this.#rolled, end)) this.#addRow("hour", row);
    // Hours that were not over when the last window was, and are now.
    const over = this.#rows("hour", floor(this.#rolled, HOUR.ms), floor(end, HOUR.ms));
    for (const row of over) this.#addRow("day", row);
    this.#sql.exec(
      `INSERT INTO counters (name, value) VALUES ('figures_rolled', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1`,
      end,
    );
  }

  #addRow(step: Step, { at, type, name, figures }: Row): void {
    this.#add(step, at, { type, name }, JSON.parse(figures) as Figures);
  }

  #rows(step: Step, from: number, to: number): Row[] {
    return this.#sql
      .exec<Row>(
        "SELECT at, type, name, figures FROM figures WHERE step = ? AND at >= ? AND at < ?",
        ...[step, from, to],
      )
      .toArray();
  }

  #drop(now: number): void {
    for (const step of STEP_NAMES) {
      const { ms, keptMs } = STEPS[step];
      this.#sql.exec(
        `DELETE FROM figures WHERE step = ?1 AND at < ?2
          AND at < (SELECT min(at) FROM figures WHERE step = ?1) + ?3`,
        ...[step, Math.min(now - keptMs - ms, floor(this.#rolled, HOUR.ms)), MAX_DROPPED * ms],
      );
    }
  }
}

/** Adds up the rows of one answer. */
class Reading {
  readonly #ms: number;
  readonly #names = new Map<string, { key: FiguresKey; figures: Figures }>();
  readonly #series = new Map<number, Figures>();
  #count = 0;

  constructor(step: Step) {
    this.#ms = STEPS[step].ms;
  }

  /** False if these are too many. */
  take(rows: readonly Row[]): boolean {
    this.#count += rows.length;
    if (this.#count > MAX_READ) return false;
    for (const { at, type, name, figures } of rows) {
      const own = JSON.parse(figures) as Figures;
      addFigures(this.#figuresOf({ type, name }), own);
      const span = floor(at, this.#ms);
      const sum = this.#series.get(span) ?? noFigures();
      addFigures(sum, own);
      this.#series.set(span, sum);
    }
    return true;
  }

  page(): FiguresPage {
    const series = [...this.#series].map(([at, figures]) => ({ at, figures }));
    return { names: [...this.#names.values()], series: series.sort((one, other) => one.at - other.at) };
  }

  #figuresOf(key: FiguresKey): Figures {
    const known = this.#names.get(`${key.type} ${key.name}`);
    if (known !== undefined) return known.figures;
    if (key.type !== "other" && this.#names.size >= MAX_TOLD) return this.#figuresOf(OTHER);
    const figures = noFigures();
    this.#names.set(`${key.type} ${key.name}`, { key, figures });
    return figures;
  }
}

function floor(at: number, ms: number): number {
  return Math.floor(at / ms) * ms;
}
