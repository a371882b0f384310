// Leases and packets as they lie in the object's tables. Synchronous.

import { type MessageCounts, NO_COUNTS } from "../../src/entities/subscription.ts";
import type { Admission, MessageKey } from "../../src/protocol/subscriptions.ts";
import { type Database, migrate, type Sql } from "../shared/schema.ts";
import { MIGRATIONS } from "./schema.ts";

export interface LeaseRow {
  id: string;
  counter: number;
  /** The highest under which a packet was spoken of, of this lease. */
  line: number;
  /** Null: nobody has it. */
  holder: { host: string; boot: string; revision: string; since: number } | null;
  stopped: { reason: string; revision: string } | null;
  /** Of the leases before this one. */
  counts: MessageCounts;
  error: { text: string; at: number } | null;
}

type Stored = {
  id: string;
  counter: number;
  line: number;
  host: string | null;
  boot: string | null;
  revision: string | null;
  since: number | null;
  stopped: string | null;
  stopped_in: string | null;
  counts: string;
  error: string | null;
  error_at: number | null;
};

export class LeaseRows {
  readonly #database: Database;
  readonly #sql: Sql;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.#sql = database.sql;
  }

  all(): Map<string, LeaseRow> {
    const rows = this.#sql.exec<Stored>("SELECT * FROM leases").toArray();
    return new Map(rows.map((row) => [row.id, leaseOf(row)]));
  }

  get(id: string): LeaseRow | null {
    const [row] = this.#sql.exec<Stored>("SELECT * FROM leases WHERE id = ?", id).toArray();
    return row === undefined ? null : leaseOf(row);
  }

  put(rows: readonly LeaseRow[]): void {
    if (rows.length === 0) return;
    this.#database.transaction(() => {
      for (const { id, counter, line, holder, stopped, counts, error } of rows) {
        this.#sql.exec(
          `INSERT OR REPLACE INTO leases
            (id, counter, line, host, boot, revision, since, stopped, stopped_in, counts, error, error_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[id, counter, line],
          ...[holder?.host ?? null, holder?.boot ?? null, holder?.revision ?? null, holder?.since ?? null],
          ...[stopped?.reason ?? null, stopped?.revision ?? null, JSON.stringify(counts)],
          ...[error?.text ?? null, error?.at ?? null],
        );
      }
    });
  }

  /** With the packets it has. */
  drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#database.transaction(() => {
      const list = JSON.stringify(ids);
      this.#sql.exec("DELETE FROM leases WHERE id IN (SELECT value FROM json_each(?))", list);
      this.#sql.exec("DELETE FROM packets WHERE subscription IN (SELECT value FROM json_each(?))", list);
    });
  }

  /** Null: a later question of this lease has been here. `released` numbers are forgotten first. What each packet's
   * message is known by: a packet sent again by what it was known by when it came first, if it is the same message;
   * else by what is proposed with it. */
  note({ id: subscription, line, packets, released }: Admission, row: LeaseRow): MessageKey[] | null {
    if (line < row.line) return null;
    return this.#database.transaction(() => {
      if (line > row.line) this.#sql.exec("UPDATE leases SET line = ? WHERE id = ?", line, subscription);
      if (released.length > 0) {
        this.#sql.exec(
          "DELETE FROM packets WHERE subscription = ? AND number IN (SELECT value FROM json_each(?))",
          ...[subscription, JSON.stringify(released)],
        );
      }
      return packets.map(({ number, again, digest, key, at }) => {
        const [known] = again ? this.#packet(subscription, number) : [];
        if (known !== undefined && known.digest === digest) return { key: known.key, at: known.at };
        this.#sql.exec(
          "INSERT OR REPLACE INTO packets (subscription, number, digest, key, at) VALUES (?, ?, ?, ?, ?)",
          ...[subscription, number, digest, key, at],
        );
        return { key, at };
      });
    });
  }

  #packet(subscription: string, number: number): (MessageKey & { digest: string })[] {
    return this.#sql
      .exec<{ digest: string; key: string; at: number }>(
        "SELECT digest, key, at FROM packets WHERE subscription = ? AND number = ?",
        ...[subscription, number],
      )
      .toArray();
  }
}

/** Of one that nobody was given yet. */
export function noLease(id: string): LeaseRow {
  return { id, counter: 0, line: 0, holder: null, stopped: null, counts: NO_COUNTS, error: null };
}

function leaseOf(row: Stored): LeaseRow {
  const { id, counter, line, host, boot, revision, since, stopped, stopped_in, counts, error, error_at } = row;
  const holder =
    host === null || boot === null || revision === null || since === null ? null : { host, boot, revision, since };
  return {
    ...{ id, counter, line, holder },
    stopped: stopped === null || stopped_in === null ? null : { reason: stopped, revision: stopped_in },
    counts: JSON.parse(counts) as MessageCounts,
    error: error === null || error_at === null ? null : { text: error, at: error_at },
  };
}
