// How much the object holds of what a shelf does not take, and whether that is too much: then no call is taken whose
// record would come to it. It tells the roster, so that the Worker refuses such calls before they reach a host.

import type { RecordBounds } from "../../src/entities/record-bounds.ts";
import type { StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { Sql } from "../shared/schema.ts";
import type { StorePorts } from "./ports.ts";

/** Full until so much less is held, so that one at the bound does not flutter. */
const SLACK = 0.9;
/** ms between two looks while it is full: the roster forgets what is not said again. */
const LOOK_EVERY = 60_000;
/** ms others may take to answer. */
const PATIENCE = 10_000;
/** A counter: full, as far as the roster has heard. */
const TOLD = "full";

interface Options {
  sql: Sql;
  ports: Pick<StorePorts, "now" | "after" | "roster" | "warn" | "ledgerFault">;
  bounds: RecordBounds;
}

export class Backpressure {
  readonly #name: StoreName;
  readonly #sql: Sql;
  readonly #ports: Options["ports"];
  readonly #bounds: RecordBounds;
  /** Known once a shelf has failed. */
  #held: { count: number; size: number } | null = null;
  #own: string | null = null;
  /** Of the machine's disk, which all objects share. */
  #machine: string | null = null;
  /** The roster has been told that it is full. */
  #told: boolean;
  #lookAt = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(name: StoreName, { sql, ports, bounds }: Options) {
    this.#name = name;
    this.#sql = sql;
    this.#ports = ports;
    this.#bounds = bounds;
    this.#told = sql.exec("SELECT 1 AS there FROM counters WHERE name = ?", TOLD).toArray().length > 0;
    if (!this.#told) return;
    this.#measure();
    this.#lookAt = ports.now();
  }

  /** Why no call is taken whose record would come to it, or null. */
  get full(): string | null {
    return this.#own ?? this.#machine;
  }

  /** Epoch ms of the next look, or Infinity. */
  next(): number {
    return this.#looking === undefined ? this.#lookAt : Math.max(this.#lookAt, this.#ports.now() + LOOK_EVERY);
  }

  grew(size: number): void {
    if (this.#held === null) return;
    this.#held.count++;
    this.#held.size += size;
    const was = this.full;
    this.#decide();
    if (was === null && this.full !== null) void this.look();
  }

  shrank(count: number, size: number): void {
    if (this.#held === null) return;
    this.#held.count -= count;
    this.#held.size -= size;
    const was = this.full;
    this.#decide();
    if (was !== this.full || this.#machine !== null) void this.look();
  }

  /** A shelf has failed, or it is time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    if (this.#held === null) this.#measure();
    // Who does not answer has told nothing new.
    this.#machine = await within(this.#ports.after, PATIENCE, this.#ports.ledgerFault()).catch(() => this.#machine);
    const { full } = this;
    if (full === null && !this.#told) {
      this.#lookAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#lookAt = this.#ports.now() + LOOK_EVERY;
    if (full !== null) this.#mark();
    try {
      await within(this.#ports.after, PATIENCE, this.#ports.roster.full(this.#name, full));
    } catch (error) {
      this.#ports.warn(`the roster was not told whether records are taken: ${String(error)}`);
      return;
    }
    // What came up meanwhile is told at the next look.
    if (full !== null || this.full !== null) return;
    this.#sql.exec("DELETE FROM counters WHERE name = ?", TOLD);
    this.#told = false;
    this.#lookAt = Number.POSITIVE_INFINITY;
    this.#ports.warn("records are handed over again: calls are taken");
  }

  /** Written before the roster hears it: whoever comes after this incarnation takes it back. */
  #mark(): void {
    if (this.#told) return;
    this.#sql.exec("INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT DO NOTHING", TOLD);
    this.#told = true;
    this.#ports.warn(`records wait to be handed over, and no more are taken: ${this.full}`);
  }

  #measure(): void {
    this.#held = this.#sql
      .exec<{ count: number; size: number }>(
        "SELECT count(*) AS count, total(length(record)) AS size FROM records WHERE kept = 1",
      )
      .one();
    this.#decide();
  }

  #decide(): void {
    if (this.#held === null) return;
    const { count, size } = this.#held;
    const { ledgerRecords, ledgerBytes } = this.#bounds;
    const part = this.#own === null ? 1 : SLACK;
    if (count >= ledgerRecords * part) this.#own = `${count} records wait, and at most ${ledgerRecords} may`;
    else if (size >= ledgerBytes * part) {
      this.#own = `${Math.round(size / 1e6)} MB of records wait, and at most ${Math.round(ledgerBytes / 1e6)} MB may`;
    } else this.#own = null;
  }
}
