// Fired triggers until all their rules have been served. Whoever fired serves them at once; what is left over because he did
// not come to it is asked for here, again and again.

import { type ActivationRecord, type Payload, triggerRecord } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { triggerMetaOf } from "../../src/entities/describe-record.ts";
import type { Accepted, Fire } from "../../src/protocol/fire.ts";
import type { Database, Sql } from "../shared/schema.ts";
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

export class Fires {
  count: number;
  readonly #database: Database;
  readonly #sql: Sql;
  readonly #records: Records;
  readonly #ports: StorePorts;
  readonly #seen: Seen;
  #flying = 0;

  constructor(options: { database: Database; records: Records; ports: StorePorts }) {
    this.#database = options.database;
    this.#sql = options.database.sql;
    this.#records = options.records;
    this.#ports = options.ports;
    this.#seen = new Seen(this.#sql);
    this.count = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM fires").one().n;
  }

  accept(fire: Fire): Accepted {
    if (this.count >= MAX_FIRES) return { kind: "full" };
    const { once } = fire;
    if (once === undefined) return this.#add(fire);
    return this.#database.transaction((): Accepted => {
      const before = this.#seen.note(once, fire.id, this.#ports.now());
      return before === null ? this.#add(fire) : { kind: "duplicate", id: before };
    });
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
      if (isNew) this.#records.figures.count(record);
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
      this.#ports.warn(`the fan-out of ${fire.id} failed: ${String(error)}`);
    }
    cancel();
    this.#flying--;
    this.resume();
  }
}
