// Rows of accepted work and how they move: waiting, offered, ended. Every change is one transaction, conditional on
// what the row was believed to be, so that late words change nothing. Synchronous; takes `now`.

import { type ActivationMeta, completionOf, lostCompletion } from "../../src/entities/activation.ts";
import { type ActivationId, timeOf } from "../../src/entities/activation-id.ts";
import { argsKey } from "../../src/entities/blob-keys.ts";
import { ABNORMAL, internalError, type Outcome } from "../../src/entities/outcome.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { type Need, needOf, needText } from "../../src/protocol/matching.ts";
import type { Finished, Offer, OpenRow, SchedulerName } from "../../src/protocol/rpc.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { Barred } from "./barred.ts";
import { type Ended, permitOf, type RowEnd } from "./ended.ts";
import { Queue } from "./queue.ts";
import { Records } from "./records.ts";
import { type Reopening, reopen } from "./reopen.ts";
import { MIGRATIONS, OFFERED, OPEN, WAITING } from "./schema.ts";

/** ms after a row was offered, beyond its action's timeout, at which it cannot be alive any more. More than a scheduler
 * grants, so that the scheduler's word comes first. */
const GRACE = 90_000;
/** Rows that may wait in one store. */
export const MAX_WAITING = 100_000;

/** Whom a row is offered to. `boot` "" = not known. */
export interface OfferTarget {
  scheduler: SchedulerName;
  epoch: number;
  boot: string;
}

/** A row that is out: offered, or opened by a Worker. */
export interface OutRow extends OfferTarget {
  [column: string]: string | number;
  id: ActivationId;
  attempt: number;
  state: number;
  /** Epoch ms at which it went out. */
  since: number;
  deadline: number;
}

interface Delta {
  waiting: number;
  out: number;
}

const ACCEPT = `INSERT INTO rows (id, state, attempt, urgent, memory, timeout, accepted, deadline, expires,
    scheduler, epoch, boot, reason, spent, about, need, invocation)
  SELECT ?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
  WHERE NOT EXISTS (SELECT 1 FROM records WHERE id = ?1)
  ON CONFLICT (id) DO NOTHING RETURNING 1 AS done`;
/** Why a row waits. */
const WHY = "coalesce((SELECT reasons.reason FROM reasons WHERE reasons.need = rows.need), rows.reason)";
const OFFER = `UPDATE rows SET state = ${OFFERED}, scheduler = ?, epoch = ?, boot = ?, reason = '',
  waited = iif(state = ${WAITING}, ${WHY}, waited),
  deadline = ? + timeout + ${GRACE}`;
const TAKE = "DELETE FROM rows";
const TAKEN = `state, spent, iif(state = ${WAITING}, ${WHY}, waited) AS waitReason`;
type Taken = { state: number; spent: string; waitReason: string };
/** ms after its acceptance within which an id that nobody knows is adopted. */
const ADOPT_FOR = 24 * 3_600_000;
/** Rows looked after in one round. */
const MAX_OUT = 20_000;
const WHICH = "id IN (SELECT value FROM json_each(?))";

export class ActivationRows {
  readonly records: Records;
  readonly queue: Queue;
  readonly barred: Barred;
  waiting: number;
  out: number;
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
    this.records = new Records(database.sql);
    this.queue = new Queue(database.sql);
    this.barred = new Barred(database.sql);
    this.waiting = this.#count(`state = ${WAITING}`);
    this.out = this.#count(`state > ${WAITING}`);
  }

  /** Rows for new work, marked as offered where there is somebody to offer it to. Returns what was new: the rest was
   * accepted before, by a call whose reply was lost. Null if too many wait. `maxQueue`: ms a row waits by default. */
  accept(
    invocations: readonly Invocation[],
    options: { target: OfferTarget | null; reason: string; maxQueue: number; now: number },
  ): Invocation[] | null {
    const { target, reason, now } = options;
    if (this.waiting + invocations.length > MAX_WAITING) {
      const fresh = invocations.filter(({ id }) => !this.knows(id) && !this.records.has(id));
      if (this.waiting + fresh.length > MAX_WAITING) return fresh.length === 0 ? [] : null;
    }
    const change = (delta: Delta) => {
      const fresh: Invocation[] = [];
      for (const invocation of invocations) {
        const { id } = invocation;
        const { memory, timeout } = invocation.about.limits;
        const state = target === null ? WAITING : OFFERED;
        const deadline = target === null ? 0 : now + timeout + GRACE;
        const expires = now + (invocation.maxQueue ?? options.maxQueue);
        const argsBlob = "blob" in invocation.args ? invocation.args.blob : "";
        const whom = [target?.scheduler ?? "", target?.epoch ?? 0, target?.boot ?? ""];
        const need = needText(needOf(invocation));
        const texts = [target === null ? reason : "", argsBlob, "", need, JSON.stringify(invocation)];
        const numbers = [state, invocation.blocking ? 1 : 0, memory, timeout, now, deadline, expires];
        if (this.#sql.exec(ACCEPT, id, ...numbers, ...whom, ...texts).toArray().length === 0) continue;
        if (target === null) delta.waiting++;
        else delta.out++;
        fresh.push(invocation);
      }
      return fresh;
    };
    // One row is one statement, and most come alone: a transaction would cost more than the row.
    return invocations.length === 1 ? this.#counted(change) : this.#change(change);
  }

  /** The row of a fast-path call. Nothing happens if the id is known. */
  open(row: OpenRow, now: number): void {
    const { id, about, scheduler, deadline } = row;
    const { memory, timeout } = about.limits;
    const numbers = [OPEN, 1, memory, timeout, now, deadline, 0];
    this.#change((delta) => {
      const rows = this.#sql.exec(ACCEPT, id, ...numbers, scheduler, 0, "", "", "", JSON.stringify(about), "", null);
      delta.out += rows.toArray().length;
    });
  }

  /** A row that was opened for a run which its scheduler refused waits from now on. False if there is no such row. */
  reopen(invocation: Invocation | undefined, options: Reopening): boolean {
    return this.#change((delta) => {
      const reopened = invocation !== undefined && reopen(this.#sql, invocation, options) ? 1 : 0;
      delta.waiting += reopened;
      delta.out -= reopened;
      return reopened === 1;
    });
  }

  /** Work for a scheduler with `memory` MB that can run what fits: most urgent, then oldest first; marked offered. */
  pull(
    target: OfferTarget,
    options: { memory: number; fits: (need: Need) => boolean; max: number; now: number },
  ): Offer[] {
    const { memory, max, now } = options;
    const fits = (need: Need) => need.memory <= memory && options.fits(need);
    const offers = this.queue.next(max, { memory, fits });
    if (offers.length === 0) return offers;
    const ids = offers.map((offer) => offer.invocation.id);
    this.offer(ids, target, { now });
    return offers;
  }

  /** Marks waiting rows as offered. Returns those that were waiting still. */
  offer(ids: readonly ActivationId[], target: OfferTarget, options: { now: number }): ActivationId[] {
    return this.#change((delta) => {
      const moved = this.#sql
        .exec<{ id: string }>(
          `${OFFER} WHERE ${WHICH} AND state = ${WAITING} RETURNING id`,
          ...[target.scheduler, target.epoch, target.boot, options.now, JSON.stringify(ids)],
        )
        .toArray();
      delta.waiting -= moved.length;
      delta.out += moved.length;
      return moved.map((row) => row.id);
    });
  }

  /** Offers that were declined go on to the next scheduler, under the same attempt. Returns those that moved. */
  pass(ids: readonly ActivationId[], options: { from: SchedulerName; to: OfferTarget; now: number }): ActivationId[] {
    const { from, to, now } = options;
    return this.#sql
      .exec<{ id: string }>(
        `${OFFER} WHERE ${WHICH} AND state = ${OFFERED} AND scheduler = ? RETURNING id`,
        ...[to.scheduler, to.epoch, to.boot, now, JSON.stringify(ids), from],
      )
      .toArray()
      .map((row) => row.id);
  }

  /** Of these rows those that are offered to this scheduler still, marked anew; with their attempt. */
  remark(ids: readonly ActivationId[], scheduler: SchedulerName, now: number): Map<ActivationId, number> {
    const rows = this.#sql.exec<{ id: string; attempt: number }>(
      `UPDATE rows SET deadline = ? + timeout + ${GRACE} WHERE ${WHICH} AND state = ${OFFERED} AND scheduler = ?
        RETURNING id, attempt`,
      ...[now, JSON.stringify(ids), scheduler],
    );
    return new Map(rows.toArray().map((row) => [row.id, row.attempt]));
  }

  /** Rows are out where they were offered, but under another epoch or boot than was marked. */
  confirm(ids: readonly ActivationId[], target: OfferTarget): void {
    this.#sql.exec(
      `UPDATE rows SET epoch = ?, boot = ? WHERE ${WHICH} AND state > ${WAITING} AND scheduler = ?`,
      ...[target.epoch, target.boot, JSON.stringify(ids), target.scheduler],
    );
  }

  /** Offers that were not started, and will not be, go back to wait. `again`: under a new attempt, since a host may
   * have seen this one. With a `deadline` only if they have not been offered anew since. Returns those that moved. */
  wait(
    items: readonly { id: ActivationId; attempt: number; deadline?: number }[],
    options: { scheduler: SchedulerName; reason: string; again: boolean },
  ): ActivationId[] {
    const step = options.again ? 1 : 0;
    return this.#change((delta) => {
      const moved: ActivationId[] = [];
      for (const { id, attempt, deadline = null } of items) {
        const rows = this.#sql.exec(
          `UPDATE rows SET state = ${WAITING}, attempt = attempt + ?1, reason = ?2, deadline = 0
            WHERE id = ?3 AND state = ${OFFERED} AND attempt = ?4 AND scheduler = ?5 AND deadline = coalesce(?6, deadline)
            RETURNING 1 AS done`,
          ...[step, options.reason, id, attempt, options.scheduler, deadline],
        );
        if (rows.toArray().length > 0) moved.push(id);
      }
      delta.waiting += moved.length;
      delta.out -= moved.length;
      return moved;
    });
  }

  /** Ends activations. First record wins; a word about an attempt that has been given up, or about a row that is out to
   * another host, is counted, not used. */
  complete(finished: readonly Finished[], from: { scheduler: SchedulerName; now: number }): Ended[] {
    const { now } = from;
    return this.#change((delta) => {
      const ended: Ended[] = [];
      let late = 0;
      for (const { id, attempt, spent: argsBlob, endedAt, unproven, ...word } of finished) {
        const about = unproven === true ? this.#metaOf(id) : word.about;
        const row = about === undefined ? undefined : this.#take(id, delta, { attempt, scheduler: from.scheduler });
        // Of the platform's own words none is too late.
        const isTimely = now - timeOf(id) <= ADOPT_FOR || hostPrefix(from.scheduler)[0] === 0;
        const adopted = unproven !== true && isTimely && !this.knows(id);
        if (about === undefined || (row === undefined && !adopted)) {
          late++;
          continue;
        }
        const completion = endedAt === undefined ? word.completion : { ...word.completion, endedAgo: now - endedAt };
        const by = { scheduler: from.scheduler, attempt };
        const keys = [argsBlob ?? "", row?.spent ?? ""];
        const end = this.#end(id, { about, completion, now, by, keys, waitReason: row?.waitReason });
        if (end !== null) ended.push(end);
      }
      if (late > 0) this.#add("late", late);
      return ended;
    });
  }

  /** Ends a row, or an id nobody knows, as lost. Null if it has a record already. */
  fail(id: ActivationId, about: ActivationMeta, options: { reason: string; now: number }): Ended | null {
    const completion = lostCompletion(options.reason);
    return this.#change((delta) => {
      const row = this.#take(id, delta);
      // A row of the fast path does not say whether its arguments were large, and no row says nothing.
      const keys = [row?.spent || argsKey(about.namespaceId, id)];
      return this.#end(id, { about, completion, now: options.now, keys, waitReason: row?.waitReason });
    });
  }

  /** As `fail`, if the row is still out as it was. */
  lose(row: OutRow, options: { reason: string; now: number }): Ended | null {
    const rows = this.#sql.exec(
      "SELECT 1 AS there FROM rows WHERE id = ? AND state = ? AND attempt = ? AND scheduler = ? AND deadline = ?",
      ...[row.id, row.state, row.attempt, row.scheduler, row.deadline],
    );
    const about = rows.toArray().length === 0 ? undefined : this.#metaOf(row.id);
    return about === undefined ? null : this.fail(row.id, about, options);
  }

  knows(id: ActivationId): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM rows WHERE id = ?", id).toArray().length > 0;
  }

  /** Rows that are out: no more than hosts have room for, and what is on its way to them. */
  outRows(): OutRow[] {
    return this.#sql
      .exec<OutRow>(
        `SELECT id, attempt, state, scheduler, epoch, boot, deadline,
          CASE state WHEN ${OPEN} THEN accepted ELSE deadline - timeout - ${GRACE} END AS since
          FROM rows WHERE state IN (${OFFERED}, ${OPEN}) LIMIT ${MAX_OUT}`,
      )
      .toArray();
  }

  /** Ends what has waited as long as it may, with what was missing. */
  expire(now: number): Ended[] {
    if (this.waiting === 0) return [];
    const overdue = this.queue.overdue(now);
    return this.#endWaiting(overdue, now, ({ accepted, reason }) => {
      const seconds = Math.round((now - accepted) / 1000);
      return internalError(`The activation was not started: it waited ${seconds} s for a host, and ${reason}.`);
    });
  }

  /** Ends a batch of what waits in the name of who is barred. Empty once nothing does. */
  refuse(now: number): Ended[] {
    if (this.waiting === 0 || !this.barred.any) return [];
    return this.#endWaiting(this.barred.waiting(), now, ABNORMAL.barred);
  }

  #endWaiting<T extends { id: ActivationId; about: string }>(
    rows: readonly T[],
    now: number,
    outcomeOf: (row: T) => Outcome,
  ): Ended[] {
    if (rows.length === 0) return [];
    return this.#change((delta) => {
      const ended: Ended[] = [];
      for (const row of rows) {
        const taken = this.#take(row.id, delta);
        const completion = completionOf(outcomeOf(row));
        const about = JSON.parse(row.about) as ActivationMeta;
        const ending = { completion, now, keys: [taken?.spent ?? ""], waitReason: taken?.waitReason };
        const end = this.#end(row.id, { about, ...ending });
        if (end !== null) ended.push(end);
      }
      return ended;
    });
  }

  #end(id: ActivationId, options: RowEnd): Ended | null {
    const { about, keys } = options;
    const record = this.records.put(id, about, options);
    if (record === null) return null;
    if (about.store === false) this.#add("unstored", 1);
    const blobs = [...new Set(keys)].filter((key) => key !== "");
    return {
      record,
      namespaceId: about.namespaceId,
      blobs,
      kept: about.store !== false,
      permit: permitOf(options),
    };
  }

  /** What the row says its activation is. */
  #metaOf(id: ActivationId): ActivationMeta | undefined {
    const [row] = this.#sql
      .exec<{ about: string }>(
        "SELECT iif(about = '', invocation ->> '$.about', about) AS about FROM rows WHERE id = ?",
        id,
      )
      .toArray();
    return row === undefined ? undefined : (JSON.parse(row.about) as ActivationMeta);
  }

  /** The row leaves. `by`: only if it is out to this scheduler's host, and at this attempt. */
  #take(id: ActivationId, delta: Delta, by?: { attempt: number; scheduler: SchedulerName }): Taken | undefined {
    const taken =
      by === undefined
        ? this.#sql.exec<Taken>(`${TAKE} WHERE id = ? RETURNING ${TAKEN}`, id)
        : this.#sql.exec<Taken>(
            `${TAKE} WHERE id = ? AND state > ${WAITING} AND attempt = ? AND substr(scheduler, 1, ?) = ?
              RETURNING ${TAKEN}`,
            ...[id, by.attempt, ...hostPrefix(by.scheduler)],
          );
    const [row] = taken.toArray();
    if (row?.state === WAITING) delta.waiting--;
    else if (row !== undefined) delta.out--;
    return row;
  }

  /** One transaction; the counts follow if it holds. */
  #change<T>(run: (delta: Delta) => T): T {
    const counting = (delta: Delta) => this.records.figures.batch(() => run(delta));
    return this.#counted((delta) => this.#database.transaction(() => counting(delta)));
  }

  #counted<T>(run: (delta: Delta) => T): T {
    const delta = { waiting: 0, out: 0 };
    const value = run(delta);
    this.waiting += delta.waiting;
    this.out += delta.out;
    return value;
  }

  #count(where: string): number {
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM rows WHERE ${where}`).one().n;
  }

  #add(counter: string, by: number): void {
    this.#sql.exec(
      "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
      counter,
      by,
    );
  }
}

/** `host/`, and its length: a host's schedulers share its records. */
function hostPrefix(scheduler: SchedulerName): [number, string] {
  const prefix = scheduler.slice(0, scheduler.lastIndexOf("/") + 1);
  return [prefix.length, prefix];
}
