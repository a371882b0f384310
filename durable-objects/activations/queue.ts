// The rows that wait, as lines of equal needs: who is next for a host that can run so much, why each line waits, and
// what has waited too long. Nobody stands in the way of what needs something else. Synchronous; takes `now`.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { perContainer } from "../../src/entities/runtimes.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { type Need, needFrom } from "../../src/protocol/matching.ts";
import type { Offer, Waiting, WaitingLine } from "../../src/protocol/rpc.ts";
import type { Sql } from "../shared/schema.ts";
import { WAITING } from "./schema.ts";

/** Characters of invocations in one batch of offers. */
const BATCH_CHARACTERS = 1_000_000;
/** Rows that are ended in one round because they have waited too long. */
const MAX_OVERDUE = 500;
/** A row that should have ended longer ago than this (ms) was out, or the platform was down: it gets as long once more,
 * so that hosts which come back with the platform can take it. */
const LATE_MS = 60_000;
/** Lines looked at. Nobody has so many needs but to make trouble, in his own store. */
const MAX_LINES = 1_000;
/** The needs of the rows that wait, from the index alone: one look per need, however many rows. */
const LINES = `WITH RECURSIVE line (need) AS (
    SELECT min(need) FROM rows WHERE state = ${WAITING}
    UNION ALL
    SELECT (SELECT min(need) FROM rows WHERE state = ${WAITING} AND need > line.need) FROM line WHERE line.need IS NOT NULL
  )`;
const NEEDS = `${LINES} SELECT need FROM line WHERE need IS NOT NULL LIMIT ${MAX_LINES}`;
/** The same with the first row of each. */
const HEADS = `${LINES} SELECT line.need AS need, rows.seq AS seq, rows.urgent AS urgent FROM line JOIN rows ON rows.seq =
  (SELECT seq FROM rows AS each WHERE each.state = ${WAITING} AND each.need = line.need ORDER BY each.urgent DESC, each.seq LIMIT 1)
  WHERE line.need IS NOT NULL LIMIT ${MAX_LINES}`;

/** A row's place in its line. */
type Head = { seq: number; urgent: number };

export class Queue {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  needs(): Need[] {
    return this.#texts().map(needFrom);
  }

  /** Whether a row with this need waits. */
  has(need: string): boolean {
    return this.#first(need) !== undefined;
  }

  /** Whether a row waits that fits. */
  hasAny(fits: (need: Need) => boolean): boolean {
    return this.#texts().some((text) => fits(needFrom(text)));
  }

  /** The next rows of those that fit: most urgent, then oldest first; as many as fill `memory` MB and one message. */
  next(max: number, { memory, fits }: { memory: number; fits: (need: Need) => boolean }): Offer[] {
    const lines = this.#sql
      .exec<Head & { need: string }>(HEADS)
      .toArray()
      .filter((head) => fits(needFrom(head.need)))
      .map((head) => ({ text: head.need, rows: [head] as Head[], whole: false }));
    const heads: Head[] = [];
    while (heads.length < max) {
      // The line whose head goes first; few lines are looked into beyond their heads.
      const line = lines.reduce((best, each) => (goesBefore(each.rows[0], best?.rows[0]) ? each : best), lines[0]);
      const head = line?.rows.shift();
      if (line === undefined || head === undefined) break;
      heads.push(head);
      if (line.rows.length > 0 || line.whole) continue;
      line.rows = this.#ahead(line.text, { skip: 1, limit: max });
      line.whole = true;
    }
    return this.#offers(heads, memory);
  }

  /** How long it has waited, and why; undefined if it does not wait. */
  of(id: ActivationId): Waiting | undefined {
    const [row] = this.#sql
      .exec<{ accepted: number; reason: string }>(
        `SELECT accepted, coalesce((SELECT reason FROM reasons WHERE reasons.need = rows.need), reason) AS reason
          FROM rows WHERE id = ? AND state = ${WAITING}`,
        id,
      )
      .toArray();
    return row === undefined ? undefined : { since: row.accepted, reason: row.reason };
  }

  /** Why the rows with this need wait. */
  explain(need: string, reason: string): void {
    this.#sql.exec(
      "INSERT INTO reasons (need, reason) VALUES (?1, ?2) ON CONFLICT (need) DO UPDATE SET reason = ?2 WHERE reason <> ?2",
      need,
      reason,
    );
  }

  /** Forgets why rows waited that wait no more. */
  tidy(): void {
    const known = this.#sql.exec<{ need: string }>("SELECT need FROM reasons").toArray();
    for (const { need } of known) if (!this.has(need)) this.#sql.exec("DELETE FROM reasons WHERE need = ?", need);
  }

  /** Each line with the row that has waited longest in it. */
  lines(now: number): WaitingLine[] {
    return this.#texts().flatMap((text) => {
      const heads = [0, 1].flatMap((urgent) => this.#first(text, urgent) ?? []);
      const [first] = heads.sort((one, other) => one.accepted - other.accepted);
      if (first === undefined) return [];
      const waiting = this.of(first.id);
      return [{ ...needFrom(text), oldestWaitMs: Math.max(0, now - first.accepted), reason: waiting?.reason ?? "" }];
    });
  }

  /** Rows that have waited as long as they may, with what their ends need; those nobody could look after get time. */
  overdue(now: number): { id: ActivationId; accepted: number; about: string; reason: string }[] {
    this.#sql.exec(
      `UPDATE rows SET expires = ?1 WHERE state = ${WAITING} AND expires < ?2`,
      now + LATE_MS,
      now - LATE_MS,
    );
    return this.#sql
      .exec<{ id: string; accepted: number; about: string; reason: string }>(
        `SELECT id, accepted, iif(about = '', invocation ->> '$.about', about) AS about,
          coalesce((SELECT reason FROM reasons WHERE reasons.need = rows.need), reason) AS reason
          FROM rows WHERE state = ${WAITING} AND expires <= ? ORDER BY expires LIMIT ${MAX_OVERDUE}`,
        now,
      )
      .toArray();
  }

  /** When the next row has waited as long as it may, or Infinity. */
  nextEnd(): number {
    const [row] = this.#sql
      .exec<{ at: number | null }>(`SELECT min(expires) AS at FROM rows WHERE state = ${WAITING}`)
      .toArray();
    return row?.at ?? Number.POSITIVE_INFINITY;
  }

  #ahead(need: string, { skip, limit }: { skip: number; limit: number }): Head[] {
    return this.#sql
      .exec<Head>(
        `SELECT seq, urgent FROM rows WHERE state = ${WAITING} AND need = ? ORDER BY urgent DESC, seq LIMIT ? OFFSET ?`,
        ...[need, limit, skip],
      )
      .toArray();
  }

  #texts(): string[] {
    return this.#sql
      .exec<{ need: string }>(NEEDS)
      .toArray()
      .map((row) => row.need);
  }

  #first(need: string, urgent?: number): { id: ActivationId; accepted: number } | undefined {
    const which = urgent === undefined ? "" : `AND urgent = ${urgent}`;
    return this.#sql
      .exec<{ id: string; accepted: number }>(
        `SELECT id, accepted FROM rows WHERE state = ${WAITING} AND need = ? ${which} ORDER BY urgent DESC, seq LIMIT 1`,
        need,
      )
      .toArray()[0];
  }

  #offers(heads: readonly { seq: number }[], memory: number): Offer[] {
    const offers: Offer[] = [];
    let size = 0;
    let used = 0;
    const found = this.#sql
      .exec<{ seq: number; attempt: number; invocation: string }>(
        "SELECT seq, attempt, invocation FROM rows WHERE seq IN (SELECT value FROM json_each(?))",
        JSON.stringify(heads.map((head) => head.seq)),
      )
      .toArray();
    const rows = new Map(found.map((row) => [row.seq, row]));
    for (const { seq } of heads) {
      const row = rows.get(seq);
      if (row === undefined) continue;
      size += row.invocation.length;
      if (offers.length > 0 && size > BATCH_CHARACTERS) break;
      const invocation = JSON.parse(row.invocation) as Invocation;
      // What takes several activations per container needs one container for as many.
      used += invocation.about.limits.memory / perContainer(invocation.about);
      if (offers.length > 0 && used > memory) break;
      offers.push({ invocation, attempt: row.attempt });
    }
    return offers;
  }
}

function goesBefore(one: Head | undefined, other: Head | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.urgent > other.urgent || (one.urgent === other.urgent && one.seq < other.seq);
}
