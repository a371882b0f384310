// Fired triggers until all their rules have been served. Whoever fired serves them at once; what is left over because
// he did not come to it is asked for here, again and again.

import { type ActivationRecord, type Payload, triggerRecord } from "../../src/entities/activation.ts";
import { type ActivationId, eventActivationId, shardOf, timeOf } from "../../src/entities/activation-id.ts";
import { triggerMetaOf } from "../../src/entities/describe-record.ts";
import type { Accepted, EventFire, EventsAccepted, Fire, KnownEvents } from "../../src/protocol/fire.ts";
import type { Database, Sql } from "../shared/schema.ts";
import { EventBook } from "./known-events.ts";
import type { StorePorts } from "./ports.ts";
import type { Records } from "./records.ts";
import { Seen } from "./seen.ts";

/** ms after which a fan-out that is not over is asked for, and its doubling at most. */
export const RESUME_AFTER = 5_000;
const MAX_DOUBLINGS = 4;
/** Fires under way in one store. */
export const MAX_FIRES = 10_000;
/** Fan-outs asked for at a time, and how long one is waited for (ms). */
const MAX_FLYING = 8;
const PATIENCE = 30_000;
const ACCEPT = `INSERT INTO fires (id, due, tries, fire) SELECT ?1, ?2, 0, ?3
  WHERE NOT EXISTS (SELECT 1 FROM records WHERE id = ?1) ON CONFLICT (id) DO NOTHING RETURNING 1 AS done`;
const TAKE = `UPDATE fires SET due = ?1 + (${RESUME_AFTER} << min(tries, ${MAX_DOUBLINGS})), tries = tries + 1
  WHERE id = (SELECT id FROM fires WHERE due <= ?1 ORDER BY due LIMIT 1) RETURNING fire`;
const STARTED = `SELECT id FROM rows WHERE id IN (SELECT value FROM json_each(?1))
  UNION SELECT id FROM records WHERE id IN (SELECT value FROM json_each(?1))`;

export interface EndedFire {
  record: ActivationRecord;
  /** Blob keys. */
  blobs: string[];
  kept: boolean;
}

interface FiresOptions {
  database: Database;
  records: Records;
  ports: StorePorts;
  full: () => string | null;
  accepted: () => void;
}

type Full = Extract<Accepted, { kind: "full" }>;

export class Fires {
  count: number;
  readonly #database: Database;
  readonly #sql: Sql;
  readonly #records: Records;
  readonly #ports: StorePorts;
  readonly #seen: Seen;
  readonly #events: EventBook;
  readonly #options: FiresOptions;
  #flying = 0;

  /** `full`: why no record is taken that is to be kept, or null. `accepted`: there is something new to look after. */
  constructor(options: FiresOptions) {
    this.#options = options;
    this.#database = options.database;
    this.#sql = options.database.sql;
    this.#records = options.records;
    this.#ports = options.ports;
    this.#seen = new Seen(this.#sql);
    this.#events = new EventBook(this.#sql);
    this.count = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM fires").one().n;
  }

  accept(fire: Fire): Accepted {
    const full = this.#full([fire]);
    if (full !== null) return this.#acceptedBefore(fire) ?? full;
    this.#options.accepted();
    const { once } = fire;
    if (once === undefined) return this.#add(fire);
    return this.#database.transaction((): Accepted => {
      const before = this.#seen.note(once, fire.id, this.#ports.now());
      return before === null ? this.#add(fire) : { kind: "duplicate", id: before };
    });
  }

  /** All or none. Those that come together have ids of one time. */
  acceptEvents(feed: string, asked: readonly EventFire[], { max }: { max: number }): EventsAccepted {
    const full = this.#full(asked.map(({ fire }) => fire));
    if (full !== null) {
      const fresh = asked.filter(({ key }) => !this.#events.has(feed, key)).map(({ fire }) => fire);
      if (this.#full(fresh) !== null) return full;
    }
    const [first] = asked;
    if (first === undefined) return { kind: "accepted", fires: [] };
    this.#options.accepted();
    const { count } = this;
    try {
      return this.#database.transaction((): EventsAccepted => {
        const keys = asked.map(({ key }) => key);
        const noted = this.#events.note(feed, keys, { at: timeOf(first.fire.id), max });
        const fires = asked.map(({ key, fire }, at) => {
          const before = noted[at] ?? null;
          if (before === null) this.#add(fire);
          const id = before === null ? fire.id : eventActivationId(key, { now: before, shard: shardOf(fire.id) });
          return { id, isNew: before === null };
        });
        return { kind: "accepted", fires };
      });
    } catch (error) {
      this.count = count;
      throw error;
    }
  }

  /** `forget`: a piece of what is known of the feed goes, since it is no more. */
  knownEvents(feed: string, { forget }: { forget: boolean }): KnownEvents {
    if (forget) this.#database.transaction(() => this.#events.forget(feed));
    return this.#events.state(feed);
  }

  /** What was said of a fire that was taken when there was room, or null. */
  #acceptedBefore({ id, once }: Fire): Accepted | null {
    if (this.knows(id) || this.#records.has(id)) return { kind: "accepted" };
    const before = once === undefined ? null : this.#seen.idOf(once, this.#ports.now());
    return before === null ? null : { kind: "duplicate", id: before };
  }

  #full(fires: readonly Fire[]): Full | null {
    const why = fires.every(({ about }) => about.store === false) ? null : this.#options.full();
    if (why !== null) return { kind: "full", of: "records", why };
    return this.count + fires.length > MAX_FIRES ? { kind: "full" } : null;
  }

  #add(fire: Fire): Accepted {
    const due = this.#ports.now() + RESUME_AFTER;
    this.count += this.#sql.exec(ACCEPT, fire.id, due, JSON.stringify(fire)).toArray().length;
    return { kind: "accepted" };
  }

  /** Null if it is over already, or nobody knows it. */
  end(id: ActivationId, logs: Payload): EndedFire | null {
    const ended = this.#database.transaction(() => {
      const [row] = this.#sql.exec<{ fire: string }>("DELETE FROM fires WHERE id = ? RETURNING fire", id).toArray();
      if (row === undefined) return null;
      const { about, payload, args } = JSON.parse(row.fire) as Fire;
      const record = { ...triggerRecord(id, about, { payload, logs }), meta: triggerMetaOf(about, logs) };
      const kept = about.store !== false;
      const isNew = this.#records.keep(record, { name: about.name, kept, now: this.#ports.now() });
      if (isNew) this.#records.ended(record, kept);
      return { record, blobs: "blob" in args ? [args.blob] : [], kept };
    });
    if (ended !== null) this.count--;
    return ended;
  }

  knows(id: ActivationId): boolean {
    return this.#sql.exec("SELECT 1 AS there FROM fires WHERE id = ?", id).toArray().length > 0;
  }

  /** Epoch ms at which the next one is due, or Infinity. */
  next(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    const { due } = this.#sql.exec<{ due: number }>("SELECT min(due) AS due FROM fires").one();
    // What is overdue while others fly has its turn when one of them lands.
    return this.#flying === 0 ? due : Math.max(due, this.#ports.now() + RESUME_AFTER);
  }

  /** Asks for the fan-out of what is due, a few at a time: each that comes back makes room for the next. */
  resume(): void {
    while (this.#flying < MAX_FLYING && this.count > 0) {
      const [row] = this.#sql.exec<{ fire: string }>(TAKE, this.#ports.now()).toArray();
      if (row === undefined) return;
      this.#flying++;
      this.#fly(JSON.parse(row.fire) as Fire).catch((error: unknown) =>
        this.#ports.warn(`asking for a fan-out again failed: ${String(error)}`),
      );
    }
  }

  async #fly(fire: Fire): Promise<void> {
    const ids = JSON.stringify(fire.rules.map((each) => each.id));
    const started = this.#sql.exec<{ id: string }>(STARTED, ids).toArray();
    const late = Promise.withResolvers<void>();
    const cancel = this.#ports.after(PATIENCE, late.resolve);
    const done = this.#ports.resume(
      fire,
      started.map((each) => each.id),
    );
    try {
      await Promise.race([done, late.promise]);
    } catch (error) {
      this.#ports.warn(`the fan-out of ${fire.id} failed: ${String(error)}`, fire.about.transactionId);
    }
    cancel();
    this.#flying--;
    this.resume();
  }
}
