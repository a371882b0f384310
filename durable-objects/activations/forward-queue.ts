// What waits to be forwarded: written with what it tells of, bounded in number, bytes and age. What goes beyond a bound
// goes oldest first, and is counted.

import { type DropReason, type Drops, NO_DROPS } from "../../src/entities/record-hook.ts";
import type { ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { Database, Sql } from "../shared/schema.ts";

/** Of one object. */
export const BACKLOG = { records: 20_000, bytes: 32_000_000, ageMs: 24 * 3_600_000 } as const;
/** What is left of a bound when it was hit, so that one at the bound does not drop with each that comes. */
const LEFT = 0.97;
/** Records dropped at once. */
const DROPPED_AT_ONCE = 1_000;

export interface QueuedText {
  seq: number;
  /** Of what it tells of. */
  id: string;
  /** Epoch ms. */
  made: number;
  text: string;
}

/** Tables of one queue: what waits, and how it stands. See schema.ts. */
export interface QueueTables {
  queue: "forwards" | "event_forwards" | "platform_forwards";
  hook: "hook" | "event_hook" | "platform_hook";
}

type HookRow = {
  owner: string;
  revision: number;
  wanted: number;
  sent: number;
  dropped: string;
  lastSent: number | null;
  lastDropped: number | null;
  error: string | null;
  errorAt: number | null;
};

export class ForwardQueue {
  waiting = 0;
  /** Permanent id of the namespace whose hook it is, or null: there is none, and nothing is forwarded. */
  owner: string | null;
  readonly #database: Database;
  readonly #sql: Sql;
  /** Characters of the records that wait. */
  #bytes = 0;
  #oldest: number | null = null;
  readonly #tables: QueueTables;

  constructor(database: Database, tables: QueueTables) {
    this.#tables = tables;
    this.#database = database;
    this.#sql = database.sql;
    const row = this.#row();
    this.owner = row?.wanted === 1 ? row.owner : null;
    if (this.owner !== null) this.#measure();
  }

  /** Epoch ms at which the oldest that waits was made. */
  get oldest(): number | null {
    return this.#oldest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False: it is old, and nothing was changed. */
  order({ owner, revision, on }: ForwardOrder): boolean {
    const known = this.#row();
    if (known !== undefined && known.revision > revision) return false;
    // Of a hook that nobody had set nothing is written.
    if (known === undefined && !on) return false;
    this.#database.transaction(() => {
      if (on && known?.wanted === 1) {
        this.#sql.exec(`UPDATE ${this.#tables.hook} SET owner = ?, revision = ?`, owner, revision);
        return;
      }
      this.#sql.exec(`DELETE FROM ${this.#tables.queue}`);
      this.#sql.exec(`DELETE FROM ${this.#tables.hook}`);
      this.#sql.exec(
        `INSERT INTO ${this.#tables.hook} (one, owner, revision, wanted, sent, dropped) VALUES (1, ?, ?, ?, 0, ?)`,
        ...[owner, revision, on ? 1 : 0, JSON.stringify(NO_DROPS)],
      );
    });
    this.owner = on ? owner : null;
    this.#measure();
    return true;
  }

  /** Of a hook that is not there any more. */
  end(): void {
    const known = this.#row();
    if (known !== undefined) this.order({ owner: known.owner, revision: known.revision, on: false });
  }

  /** In the transaction that makes what it tells of. Returns how many others had to go. */
  add({ id, text }: Pick<QueuedText, "id" | "text">, now: number): number {
    if (this.owner === null) return 0;
    this.#sql.exec(
      `INSERT INTO ${this.#tables.queue} (id, made, size, record) VALUES (?, ?, ?, ?)`,
      ...[id, now, text.length, text],
    );
    this.waiting++;
    this.#bytes += text.length;
    this.#oldest ??= now;
    if (this.waiting <= BACKLOG.records && this.#bytes <= BACKLOG.bytes) return 0;
    return this.#shrink(now);
  }

  /** What has waited too long goes. Returns how many. */
  expire(now: number): number {
    if (this.#oldest === null || this.#oldest > now - BACKLOG.ageMs) return 0;
    const [last] = this.#sql
      .exec<{ seq: number }>(`SELECT max(seq) AS seq FROM ${this.#tables.queue} WHERE made <= ?`, now - BACKLOG.ageMs)
      .toArray();
    return this.#drop("age", last?.seq ?? 0, now);
  }

  /** The first ones, at most so many and so many characters, but at least one. */
  first(most: { records: number; bytes: number }): QueuedText[] {
    const sizes = this.#sql
      .exec<{ seq: number; size: number }>(
        `SELECT seq, size FROM ${this.#tables.queue} ORDER BY seq LIMIT ?`,
        most.records,
      )
      .toArray();
    let total = 0;
    const fits = sizes.filter(({ size }, at) => {
      total += size;
      return at === 0 || total <= most.bytes;
    });
    const last = fits.at(-1)?.seq;
    if (last === undefined) {
      this.#measure();
      return [];
    }
    return this.#sql
      .exec<{ seq: number; id: string; made: number; text: string }>(
        `SELECT seq, id, made, record AS text FROM ${this.#tables.queue} WHERE seq <= ? ORDER BY seq`,
        last,
      )
      .toArray();
  }

  /** The receiver has them, but for those that it refused. */
  landed(records: readonly QueuedText[], { refused, now }: { refused: number; now: number }): void {
    const ids = JSON.stringify(records.map((each) => each.seq));
    this.#database.transaction(() => {
      const gone = this.#sql.exec<{ size: number }>(
        `DELETE FROM ${this.#tables.queue} WHERE seq IN (SELECT value FROM json_each(?)) RETURNING size`,
        ids,
      );
      this.#left(gone.toArray());
      this.#sql.exec(`UPDATE ${this.#tables.hook} SET sent = sent + ?, last_sent = ?`, records.length - refused, now);
      if (refused > 0) this.#count("refused", refused, now);
    });
  }

  /** So many were made elsewhere and never came here. */
  lost(by: number, now: number): void {
    if (this.owner !== null && by > 0) this.#count("backlog", by, now);
  }

  /** Null: all is well. */
  fault(text: string | null, now: number): void {
    this.#sql.exec(`UPDATE ${this.#tables.hook} SET error = ?, error_at = ?`, text, text === null ? null : now);
  }

  get dropped(): Drops {
    return JSON.parse(this.#row()?.dropped ?? JSON.stringify(NO_DROPS)) as Drops;
  }

  state(): ForwardState | null {
    const row = this.#row();
    if (row === undefined || row.wanted === 0) return null;
    const { sent, dropped, lastSent, lastDropped, error, errorAt } = row;
    return {
      ...{ waiting: this.waiting, bytes: this.#bytes, oldest: this.#oldest },
      ...{ sent, dropped: JSON.parse(dropped) as Drops, lastSent, lastDropped },
      error: error === null ? null : { text: error, at: errorAt ?? 0 },
    };
  }

  /** The oldest go, as many as it takes. */
  #shrink(now: number): number {
    let records = this.waiting - BACKLOG.records * LEFT;
    let bytes = this.#bytes - BACKLOG.bytes * LEFT;
    let last = 0;
    const oldest = this.#sql.exec<{ seq: number; size: number }>(
      `SELECT seq, size FROM ${this.#tables.queue} ORDER BY seq LIMIT ${DROPPED_AT_ONCE}`,
    );
    for (const { seq, size } of oldest.toArray()) {
      if (records <= 0 && bytes <= 0) break;
      last = seq;
      records--;
      bytes -= size;
    }
    return this.#drop("backlog", last, now);
  }

  /** Up to this one. */
  #drop(reason: DropReason, last: number, now: number): number {
    const gone = this.#sql
      .exec<{ size: number }>(`DELETE FROM ${this.#tables.queue} WHERE seq <= ? RETURNING size`, last)
      .toArray();
    this.#left(gone);
    this.#count(reason, gone.length, now);
    return gone.length;
  }

  #count(reason: DropReason, by: number, now: number): void {
    this.#sql.exec(
      `UPDATE ${this.#tables.hook} SET dropped = json_set(dropped, '$.${reason}', (dropped ->> '$.${reason}') + ?), last_dropped = ?`,
      ...[by, now],
    );
  }

  #left(gone: readonly { size: number }[]): void {
    this.waiting = Math.max(0, this.waiting - gone.length);
    this.#bytes = Math.max(
      0,
      gone.reduce((rest, { size }) => rest - size, this.#bytes),
    );
    this.#oldest = this.#made();
  }

  #made(): number | null {
    const [row] = this.#sql
      .exec<{ made: number }>(`SELECT made FROM ${this.#tables.queue} ORDER BY seq LIMIT 1`)
      .toArray();
    return row?.made ?? null;
  }

  #measure(): void {
    const { n, bytes } = this.#sql
      .exec<{ n: number; bytes: number }>(`SELECT count(*) AS n, total(size) AS bytes FROM ${this.#tables.queue}`)
      .one();
    this.waiting = n;
    this.#bytes = bytes;
    this.#oldest = this.#made();
  }

  #row(): HookRow | undefined {
    return this.#sql
      .exec<HookRow>(
        `SELECT owner, revision, wanted, sent, dropped, last_sent AS lastSent, last_dropped AS lastDropped,
          error, error_at AS errorAt FROM ${this.#tables.hook}`,
      )
      .toArray()[0];
  }
}
