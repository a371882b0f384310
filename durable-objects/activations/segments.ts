// Which segments hold this object's records: one row each, from which it is known where an id lies, which segments a
// list must look into, and how many records there are. What is in a segment, itself says.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { packedPlace, packIds } from "../../src/entities/packed-ids.ts";
import type { SegmentRef } from "../../src/protocol/rpc.ts";
import type { SegmentEntry } from "../../src/storage/record-segments.ts";
import type { Sql } from "../shared/schema.ts";
import { packSpots, SPOT, type Spot, spotOf } from "./spots.ts";

/** `since`: epoch ms from which it is known here. */
export type SegmentRow = {
  key: string;
  maxStart: number;
  count: number;
  twin: SegmentRef["twin"];
  since: number;
};

/** Which records are asked for. Epoch ms, inclusive. */
export interface SegmentRange {
  name?: string;
  since?: number;
  upto?: number;
}

/** Segments looked at in one go. */
const REFS = 32;

export class Segments {
  readonly #sql: Sql;
  #nextLeftover: number | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nothing happens if it is known. `twin` "all": the table has its records as well,
   * or will before they leave the object. */
  add(
    key: string,
    entries: readonly SegmentEntry[],
    options: { bytes: number; twin: SegmentRef["twin"]; since: number },
  ): void {
    const sorted = entries.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const ids = sorted.map((each) => each.id);
    const starts = entries.map((each) => each.start);
    const names: Record<string, number> = {};
    for (const { name } of entries) names[name] = (names[name] ?? 0) + 1;
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#sql.exec(
      `INSERT INTO segments (key, min_id, max_id, min_start, max_start, count, bytes, twin, names, ids, since, spots, held)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
      ...[key, first, last, Math.min(...starts), Math.max(...starts), ids.length, options.bytes, options.twin],
      ...[JSON.stringify(names), packIds(ids), options.since, packSpots(sorted)],
      entries.reduce((sum, { held = 0 }) => sum + held, 0),
    );
  }

  /** The segment that holds this id. */
  keyOf(id: ActivationId): string | undefined {
    return this.#holding(id)?.key;
  }

  /** The same, with where its member lies; `spot` undefined: only the segment itself knows. */
  holding(id: ActivationId): (Pick<SegmentRef, "key" | "twin"> & { spot: Spot | undefined }) | undefined {
    const found = this.#holding(id);
    if (found === undefined) return undefined;
    const { key, twin, place } = found;
    const { spot } = this.#sql
      .exec<{ spot: string }>(
        "SELECT substr(spots, ?, ?) AS spot FROM segments WHERE key = ?",
        1 + place * SPOT,
        SPOT,
        key,
      )
      .one();
    return { key, twin, spot: spot === "" ? undefined : spotOf(spot) };
  }

  #holding(id: ActivationId): (Pick<SegmentRef, "key" | "twin"> & { place: number }) | undefined {
    const rows = this.#sql.exec<{ key: string; twin: SegmentRef["twin"]; ids: string }>(
      "SELECT key, twin, ids FROM segments WHERE min_id <= ?1 AND max_id >= ?1",
      id,
    );
    for (const { key, twin, ids } of rows.toArray()) {
      const place = packedPlace(ids, id);
      if (place >= 0) return { key, twin, place };
    }
    return undefined;
  }

  /** The next one, by the starts of their last records. */
  after(place: { start: number; key: string }): SegmentRow | undefined {
    return this.#sql
      .exec<SegmentRow>(
        `SELECT key, max_start AS maxStart, count, twin, since FROM segments WHERE (max_start, key) > (?, ?)
          ORDER BY max_start, key LIMIT 1`,
        ...[place.start, place.key],
      )
      .toArray()[0];
  }

  /** The oldest that the table has as well, all of it or what is left, of those known before this epoch ms. */
  oldestTwin(before: number): SegmentRow | undefined {
    return this.#sql
      .exec<SegmentRow>(
        `SELECT key, max_start AS maxStart, count, twin, since FROM segments WHERE twin <> 'none' AND since < ?
          ORDER BY max_start LIMIT 1`,
        before,
      )
      .toArray()[0];
  }

  count(where: string): number {
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM segments WHERE ${where}`).one().n;
  }

  setTwin(key: string, twin: SegmentRef["twin"]): void {
    this.#sql.exec("UPDATE segments SET twin = ? WHERE key = ?", twin, key);
  }

  /** The table has all of it. Whoever was told of it may read it until this epoch ms. */
  drop(key: string, until: number): void {
    this.#sql.exec("DELETE FROM segments WHERE key = ?", key);
    this.leave(key, until);
  }

  /** An object of the blob store that is to be deleted from this epoch ms on. */
  leave(key: string, until: number): void {
    this.#sql.exec("INSERT INTO leftovers (key, due) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", key, until);
    this.#nextLeftover = undefined;
  }

  leftovers(now: number): string[] {
    return this.#sql
      .exec<{ key: string }>("SELECT key FROM leftovers WHERE due <= ? LIMIT 500", now)
      .toArray()
      .map((row) => row.key);
  }

  nextLeftover(): number {
    this.#nextLeftover ??=
      this.#sql.exec<{ due: number }>("SELECT due FROM leftovers ORDER BY due LIMIT 1").toArray()[0]?.due ??
      Number.POSITIVE_INFINITY;
    return this.#nextLeftover;
  }

  forgetLeftovers(keys: readonly string[]): void {
    this.#sql.exec("DELETE FROM leftovers WHERE key IN (SELECT value FROM json_each(?))", JSON.stringify(keys));
    this.#nextLeftover = undefined;
  }

  /** Those in which the `limit` newest records of this name and time may be. `rest`: nothing in the others started
   * after it (epoch ms); undefined: there are no others. Who goes on from there is told of others. */
  newest(range: SegmentRange, limit: number): { segments: SegmentRef[]; rest?: number } {
    const { since = 0, upto = Number.MAX_SAFE_INTEGER } = range;
    const segments: SegmentRef[] = [];
    let sure = 0;
    for (;;) {
      const page = this.refs(range, { limit: REFS, offset: segments.length });
      for (const ref of page) {
        // What starts where the list goes on may have been told before:
        // it does not come nearer to its end by that alone.
        if (sure >= limit && ref.maxStart < upto - 1) return { segments, rest: ref.maxStart };
        segments.push(ref);
        if (ref.minStart >= since && ref.maxStart <= upto) sure += ref.count;
      }
      if (page.length < REFS) return { segments };
    }
  }

  /** How many records of this name and time are in those alone of which all began in that time; and the others that
   * there may be some in, newest first. */
  tally(range: SegmentRange): { count: number; segments: SegmentRef[] } {
    const { name, since = 0, upto = Number.MAX_SAFE_INTEGER } = range;
    const whole = "twin = 'none' AND min_start >= ?1 AND max_start <= ?2";
    const count = name === undefined ? "count" : "(SELECT value FROM json_each(names) WHERE key = ?3)";
    const { sum } = this.#sql
      .exec<{ sum: number }>(
        `SELECT total(${count}) AS sum FROM segments WHERE ${whole}`,
        ...[since, upto, ...(name === undefined ? [] : [name])],
      )
      .one();
    return { count: sum, segments: this.#refs(range, `AND NOT (${whole})`) };
  }

  /** Those in which there may be records of this name and time, newest first: a page. */
  refs(range: SegmentRange, { limit, offset }: { limit: number; offset: number }): SegmentRef[] {
    return this.#refs(range, "", `LIMIT ${limit} OFFSET ${offset}`);
  }

  #refs(range: SegmentRange, which: string, page = ""): SegmentRef[] {
    const { name, since = 0, upto = Number.MAX_SAFE_INTEGER } = range;
    const named = name === undefined ? "" : "AND EXISTS (SELECT 1 FROM json_each(names) WHERE key = ?3)";
    const count = name === undefined ? "count" : "(SELECT value FROM json_each(names) WHERE key = ?3)";
    return this.#sql
      .exec<{ key: string; minStart: number; maxStart: number; count: number; twin: SegmentRef["twin"] }>(
        `SELECT segments.key AS key, min_start AS minStart, max_start AS maxStart, ${count} AS count, twin FROM segments
          WHERE max_start >= ?1 AND min_start <= ?2 ${named} ${which} ORDER BY max_start DESC, key DESC ${page}`,
        ...[since, upto, ...(name === undefined ? [] : [name])],
      )
      .toArray();
  }
}
