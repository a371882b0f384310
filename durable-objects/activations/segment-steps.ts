// What is done to one segment when its records are brought elsewhere: all of them come to the table, or go from it.
// Each step may be done twice.

import { isWhole, type KeptRecord } from "../../src/entities/kept-record.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { RecordTable } from "../../src/storage/record-table.ts";
import { within } from "../shared/deadline.ts";
import type { Sql } from "../shared/schema.ts";
import { BATCH, batchLength, MOVING_SHARE, pauseAfter } from "./handover-plan.ts";
import type { StorePorts } from "./ports.ts";
import type { SegmentRow, Segments } from "./segments.ts";

/** ms a place may take to answer. */
const PATIENCE = 60_000;

/** What a step came to. "skipped": what must be looked at again. "damaged": it cannot be read, and is left as it is. */
export interface SegmentStep {
  kind: "moved" | "skipped" | "damaged";
  records: number;
}

interface Options {
  sql: Sql;
  ports: Pick<StorePorts, "now" | "after">;
  shelves: RecordShelves;
  segments: Segments;
  /** Something begins to be moved, or is over. */
  touch: () => void;
}

export class SegmentSteps {
  readonly #namespaceId: string;
  readonly #sql: Sql;
  readonly #ports: Options["ports"];
  readonly #shelves: RecordShelves;
  readonly #segments: Segments;
  readonly #touch: () => void;

  constructor(namespaceId: string, { sql, ports, shelves, segments, touch }: Options) {
    this.#namespaceId = namespaceId;
    this.#sql = sql;
    this.#ports = ports;
    this.#shelves = shelves;
    this.#segments = segments;
    this.#touch = touch;
  }

  /** All records of a segment are in the table afterwards. */
  async fill(row: SegmentRow, table: RecordTable): Promise<SegmentStep> {
    const found = await within(this.#ports.after, PATIENCE, this.#shelves.segments.entries(row.key));
    if (found === null) return { kind: "damaged", records: 0 };
    // What is still here as well goes its own way.
    const own = this.own(found.map((each) => each.id));
    const entries = found.filter((each) => !own.has(each.id));
    let written = 0;
    for (let at = 0; at < entries.length; at += BATCH.d1.count) {
      const began = this.#ports.now();
      const page = entries.slice(at, at + BATCH.d1.count);
      const had = await within(
        this.#ports.after,
        PATIENCE,
        table.having(
          this.#namespaceId,
          page.map((each) => each.id),
        ),
      );
      const there = new Set(had.map((each) => each.id));
      const lacking = page.filter((each) => !there.has(each.id));
      if (lacking.length > 0) {
        const records = await within(this.#ports.after, PATIENCE, this.#shelves.segments.read(row.key, lacking));
        this.#segments.setTwin(row.key, "some");
        await this.#put(table, records);
        written += records.length;
      }
      await this.#pause(pauseAfter(this.#ports.now() - began, MOVING_SHARE));
    }
    if (own.size > 0 && this.#shelves.mode !== "d1+r2") return { kind: "skipped", records: written };
    this.#touch();
    this.#segments.setTwin(row.key, "all");
    return { kind: "moved", records: written };
  }

  async #put(table: RecordTable, records: readonly KeptRecord[]): Promise<void> {
    let rest = records;
    while (rest.length > 0) {
      const length = batchLength(
        "d1",
        rest.map((each) => each.text.length),
      );
      this.#touch();
      await within(this.#ports.after, PATIENCE, table.put(this.#namespaceId, rest.slice(0, length)));
      this.#touch();
      rest = rest.slice(length);
    }
  }

  /** What a segment has goes from the table, once each of its records has been read. */
  async clear(row: SegmentRow, table: RecordTable): Promise<SegmentStep> {
    const entries = await within(this.#ports.after, PATIENCE, this.#shelves.segments.entries(row.key));
    if (entries === null) return { kind: "damaged", records: 0 };
    if (this.own(entries.map((each) => each.id)).size > 0) return { kind: "skipped", records: 0 };
    const pages = Array.from({ length: Math.ceil(entries.length / BATCH.d1.count) }, (_, at) =>
      entries.slice(at * BATCH.d1.count, (at + 1) * BATCH.d1.count),
    );
    for (const page of pages) {
      const began = this.#ports.now();
      const records = await within(this.#ports.after, PATIENCE, this.#shelves.segments.read(row.key, page));
      if (records.length < page.length || !records.every(isWhole)) return { kind: "damaged", records: 0 };
      await this.#pause(pauseAfter(this.#ports.now() - began, MOVING_SHARE));
    }
    this.#touch();
    this.#segments.setTwin(row.key, "some");
    for (const page of pages) {
      const began = this.#ports.now();
      const ids = page.map((each) => each.id);
      this.#touch();
      await within(this.#ports.after, PATIENCE, table.remove(this.#namespaceId, ids));
      this.#touch();
      await this.#pause(pauseAfter(this.#ports.now() - began, MOVING_SHARE));
    }
    this.#segments.setTwin(row.key, "none");
    this.#touch();
    return { kind: "moved", records: entries.length };
  }

  /** Those of them that are still in the object. */
  own(ids: readonly string[]): ReadonlySet<string> {
    const rows = this.#sql.exec<{ id: string }>(
      "SELECT id FROM records WHERE id IN (SELECT value FROM json_each(?)) AND kept = 1",
      JSON.stringify(ids),
    );
    return new Set(rows.toArray().map((row) => row.id));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#ports.after(ms, resolve));
  }
}
