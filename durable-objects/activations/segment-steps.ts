// What is done to one segment when its records are brought elsewhere: all of them come to the table, or go from it.
// Each step may be done twice.

import { isWhole, type KeptRecord } from "../../src/entities/kept-record.ts";
import type { SegmentEntry } from "../../src/storage/record-segments.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import type { RecordTable } from "../../src/storage/record-table.ts";
import { within } from "../shared/deadline.ts";
import type { Sql } from "../shared/schema.ts";
import { BATCH, batchLength } from "./handover-plan.ts";
import type { InTurn } from "./moving-turns.ts";
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
  ports: Pick<StorePorts, "after">;
  /** Each piece is done in its turn. */
  inTurn: InTurn;
  shelves: RecordShelves;
  segments: Segments;
  /** Something begins to be moved, or is over. */
  touch: () => void;
}

export class SegmentSteps {
  readonly #namespaceId: string;
  readonly #sql: Sql;
  readonly #ports: Options["ports"];
  readonly #inTurn: InTurn;
  readonly #shelves: RecordShelves;
  readonly #segments: Segments;
  readonly #touch: () => void;

  constructor(namespaceId: string, { sql, ports, inTurn, shelves, segments, touch }: Options) {
    this.#namespaceId = namespaceId;
    this.#sql = sql;
    this.#ports = ports;
    this.#inTurn = inTurn;
    this.#shelves = shelves;
    this.#segments = segments;
    this.#touch = touch;
  }

  /** All records of a segment are in the table afterwards. */
  async fill(row: SegmentRow, table: RecordTable): Promise<SegmentStep> {
    const found = await this.#entries(row);
    if (found === null) return { kind: "damaged", records: 0 };
    // What is still here as well goes its own way.
    const own = this.own(found.map((each) => each.id));
    const entries = found.filter((each) => !own.has(each.id));
    let written = 0;
    for (const page of pagesOf(entries)) written += await this.#inTurn(() => this.#bring(row, page, table));
    if (own.size > 0 && this.#shelves.mode !== "d1+r2") return { kind: "skipped", records: written };
    this.#touch();
    this.#segments.setTwin(row.key, "all");
    return { kind: "moved", records: written };
  }

  #entries(row: SegmentRow): ReturnType<RecordShelves["segments"]["entries"]> {
    return this.#inTurn(() => within(this.#ports.after, PATIENCE, this.#shelves.segments.entries(row.key)));
  }

  /** Those that the table lacks come to it. Returns how many. */
  async #bring(row: SegmentRow, page: readonly SegmentEntry[], table: RecordTable): Promise<number> {
    const ids = page.map((each) => each.id);
    const had = await within(this.#ports.after, PATIENCE, table.having(this.#namespaceId, ids));
    const there = new Set(had.map((each) => each.id));
    const lacking = page.filter((each) => !there.has(each.id));
    if (lacking.length === 0) return 0;
    const records = await within(this.#ports.after, PATIENCE, this.#shelves.segments.read(row.key, lacking));
    this.#segments.setTwin(row.key, "some");
    await this.#put(table, records);
    return records.length;
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
    const entries = await this.#entries(row);
    if (entries === null) return { kind: "damaged", records: 0 };
    if (this.own(entries.map((each) => each.id)).size > 0) return { kind: "skipped", records: 0 };
    const pages = pagesOf(entries);
    for (const page of pages) {
      const read = () => within(this.#ports.after, PATIENCE, this.#shelves.segments.read(row.key, page));
      const records = await this.#inTurn(read);
      if (records.length < page.length || !records.every(isWhole)) return { kind: "damaged", records: 0 };
    }
    this.#touch();
    this.#segments.setTwin(row.key, "some");
    for (const page of pages) {
      const ids = page.map((each) => each.id);
      await this.#inTurn(async () => {
        this.#touch();
        await within(this.#ports.after, PATIENCE, table.remove(this.#namespaceId, ids));
        this.#touch();
      });
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
}

function pagesOf(entries: readonly SegmentEntry[]): SegmentEntry[][] {
  const size = BATCH.d1.count;
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, at) => entries.slice(at * size, (at + 1) * size));
}
