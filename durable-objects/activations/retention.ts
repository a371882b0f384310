// Records that are too old: hidden as soon as the object is told so, and dropped a step at a time, with their results
// and logs. The ids stay, as those of records that were handed over do: no late word makes a second record.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { blobsOf } from "../../src/entities/blob-keys.ts";
import { isWhole, type KeptRecord, type RecordFilter } from "../../src/entities/kept-record.ts";
import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import { within } from "../shared/deadline.ts";
import { backOffMs } from "../shared/retry.ts";
import type { Sql } from "../shared/schema.ts";
import type { Handover } from "./handover.ts";
import type { StorePorts } from "./ports.ts";
import type { Segments } from "./segments.ts";

/** A counter: epoch ms from which records are kept. */
const FROM = "kept_from";
/** Records dropped in one step, and members of a segment read at once. */
const BATCH = 200;
/** ms between two steps, and for one. */
const PAUSE = 50;
const PATIENCE = 60_000;
/** ms for which somebody may still read a segment that he was told of. */
const READERS = 120_000;
const RETRY = { firstMs: 5_000, maxMs: 600_000 };

interface Options {
  sql: Sql;
  ports: Pick<StorePorts, "now" | "after" | "warn">;
  shelves: Pick<RecordShelves, "segments" | "discard">;
  handover: Pick<Handover, "moving" | "backpressure">;
  segments: Pick<Segments, "drop">;
  wake: () => void;
}

export class RecordRetention {
  readonly #sql: Sql;
  readonly #options: Options;
  #from: number;
  /** Epoch ms of the next step; Infinity: nothing is to be dropped. */
  #due = Number.POSITIVE_INFINITY;
  #failures = 0;
  #running = false;

  constructor(options: Options) {
    this.#options = options;
    this.#sql = options.sql;
    const [row] = this.#sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = ?", FROM).toArray();
    this.#from = row?.value ?? 0;
    if (this.#from > 0 && this.#isLeft()) this.#due = options.ports.now();
  }

  /** Epoch ms: what started before is not kept. */
  get from(): number {
    return this.#from;
  }

  retain(from: number): void {
    if (from > this.#from) {
      this.#sql.exec(
        "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, ?2)",
        ...[FROM, from],
      );
      this.#from = from;
    }
    if (this.#isLeft()) this.#due = Math.min(this.#due, this.#options.ports.now());
  }

  /** The filter, without what is not kept. */
  narrowed(filter: RecordFilter): RecordFilter {
    return this.#from > (filter.since ?? 0) ? { ...filter, since: this.#from } : filter;
  }

  /** Epoch ms at which `run` has something to do, or Infinity. */
  next(): number {
    return this.#running ? this.#options.ports.now() + PATIENCE : this.#due;
  }

  /** Starts a step that is due; the alarm brings the next one. */
  run(): void {
    const { ports, wake } = this.#options;
    if (this.#running || this.#due > ports.now()) return;
    this.#running = true;
    within(ports.after, PATIENCE, this.#step())
      .then(
        () => {
          this.#failures = 0;
          this.#due = this.#isLeft() ? ports.now() + PAUSE : Number.POSITIVE_INFINITY;
        },
        (error: unknown) => {
          this.#due = ports.now() + backOffMs(this.#failures++, RETRY);
          ports.warn(`records that are too old were not dropped, and stay hidden: ${String(error)}`);
        },
      )
      .finally(() => {
        this.#running = false;
        wake();
      });
  }

  /** What is on its way to a shelf is left until it is there. */
  async #step(): Promise<void> {
    const records = this.#old(BATCH);
    if (records.length > 0) return this.#dropRecords(records);
    const [segment] = this.#sql
      .exec<{ key: string }>("SELECT key FROM segments WHERE max_start < ? ORDER BY max_start LIMIT 1", this.#from)
      .toArray();
    if (segment !== undefined) await this.#dropSegment(segment.key);
  }

  async #dropRecords(records: readonly Pick<KeptRecord, "id" | "text" | "sum">[]): Promise<void> {
    const { shelves, handover } = this.#options;
    await shelves.discard(records.flatMap(blobsIn));
    const ids = JSON.stringify(records.map((each) => each.id));
    const dropped = this.#sql
      .exec<{ id: string }>(
        `UPDATE records SET kept = 2, record = '' WHERE id IN (SELECT value FROM json_each(?)) AND kept = 1 RETURNING id`,
        ids,
      )
      .toArray();
    const gone = new Set(dropped.map((row) => row.id));
    const size = records.reduce((sum, each) => sum + (gone.has(each.id) ? each.text.length : 0), 0);
    handover.backpressure.shrank(gone.size, size);
  }

  /** Its records' blobs first, then its row, and itself when nobody can be reading it any more:
   * whatever is cut off is done again. */
  async #dropSegment(key: string): Promise<void> {
    const { shelves } = this.#options;
    const { segments } = shelves;
    const entries = (await segments.entries(key)) ?? [];
    for (let at = 0; at < entries.length; at += BATCH) {
      const records = await segments.read(key, entries.slice(at, at + BATCH));
      await shelves.discard(records.flatMap(blobsIn));
    }
    this.#options.segments.drop(key, this.#options.ports.now() + READERS);
  }

  #isLeft(): boolean {
    if (this.#old(1).length > 0) return true;
    return (
      this.#sql.exec("SELECT 1 AS there FROM segments WHERE max_start < ? LIMIT 1", this.#from).toArray().length > 0
    );
  }

  #old(limit: number): { id: ActivationId; text: string; sum: number }[] {
    return this.#sql
      .exec<{ id: string; text: string; sum: number }>(
        `SELECT id, record AS text, sum FROM records WHERE kept = 1 AND start < ?
          AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY start LIMIT ?`,
        ...[this.#from, JSON.stringify(this.#options.handover.moving()), limit],
      )
      .toArray();
  }
}

/** Of one that cannot be read nobody knows which they are: they are found as blobs that nobody owns. */
function blobsIn(kept: Pick<KeptRecord, "text" | "sum">): string[] {
  return kept.text !== "" && isWhole(kept) ? blobsOf(JSON.parse(kept.text) as ActivationRecord) : [];
}
