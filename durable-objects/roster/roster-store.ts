// Hosts and the digests of their tokens, schedulers as they last reported,
// stores whose rows wait for anybody. Synchronous.

import { MAX_SHARDS } from "../../src/protocol/names.ts";
import type { HostToken, RosterEntry, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import { type Database, type Migrations, migrate, type Sql } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    "CREATE TABLE hosts (name TEXT PRIMARY KEY, digest TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE schedulers (name TEXT PRIMARY KEY, host TEXT NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE waiting (store TEXT PRIMARY KEY) WITHOUT ROWID",
  ],
  // How many schedulers a token is for. Those that were made before may be in use for as many as a host may have.
  [`ALTER TABLE hosts ADD COLUMN shards INTEGER NOT NULL DEFAULT ${MAX_SHARDS}`],
  // Stores that take no call whose record would come to them. `said`: epoch ms.
  ["CREATE TABLE full (store TEXT PRIMARY KEY, why TEXT NOT NULL, said INTEGER NOT NULL) WITHOUT ROWID"],
];
/** Stores told to one host that comes; the others offer by their own alarms. */
const MAX_TOLD = 1_000;
/** ms after which it is forgotten that a store is full: it says so again each minute. */
const FULL_FOR = 300_000;

type Full = { store: StoreName; why: string; said: number };

export class RosterStore {
  readonly #sql: Sql;
  /** What is stored, read once. */
  #entries: Map<SchedulerName, RosterEntry> | undefined;
  #full: Full[] | undefined;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#sql = database.sql;
  }

  /** `shards`: of a host that is there as many as before, where it does not say. */
  setHost(name: string, digest: string, options: { now: number; shards?: number | undefined }): void {
    const { now, shards = null } = options;
    this.#sql.exec(
      `INSERT INTO hosts (name, digest, created, shards) VALUES (?1, ?2, ?3, coalesce(?4, 1))
        ON CONFLICT (name) DO UPDATE
        SET digest = excluded.digest, created = excluded.created, shards = coalesce(?4, shards)`,
      ...[name, digest, now, shards],
    );
  }

  /** False if there is no such host. Its schedulers go with it. */
  dropHost(name: string): boolean {
    const gone = this.#sql.exec("DELETE FROM hosts WHERE name = ? RETURNING 1 AS done", name).toArray();
    this.#sql.exec("DELETE FROM schedulers WHERE host = ?", name);
    this.#entries = undefined;
    return gone.length > 0;
  }

  host(name: string): { digest: string; shards: number } | undefined {
    return this.#sql
      .exec<{ digest: string; shards: number }>("SELECT digest, shards FROM hosts WHERE name = ?", name)
      .toArray()[0];
  }

  hosts(): HostToken[] {
    return this.#sql
      .exec<HostToken & Record<string, string | number>>("SELECT name, created, shards FROM hosts ORDER BY name")
      .toArray()
      .map(({ name, created, shards }) => ({ name, created, shards }));
  }

  schedulers(): RosterEntry[] {
    return [...this.#read().values()];
  }

  /** Writes only what differs from the last report in more than its time. A scheduler that has forgotten its host says
   * only that it is not there. False if no such host has a token (any more): its words may have been under way when it
   * was revoked, and nothing of them is kept. */
  report(reported: RosterEntry): boolean {
    if (this.host(reported.host) === undefined) return false;
    this.#keep(reported);
    return true;
  }

  #keep(reported: RosterEntry): void {
    const known = this.#read().get(reported.scheduler);
    // An incarnation that was superseded still notices that its host has left it.
    if (!reported.connected && known !== undefined && reported.epoch < known.epoch) return;
    // Words of one incarnation may overtake each other.
    if (known !== undefined && reported.epoch === known.epoch && reported.since < known.since) return;
    // Nobody learns anything from the absence of a host that was never there.
    if (!reported.connected && known === undefined) return;
    const forgotten = known !== undefined && !reported.connected && reported.runtimes.length === 0;
    const entry = forgotten ? { ...known, connected: false, since: reported.since, epoch: reported.epoch } : reported;
    if (known !== undefined && JSON.stringify({ ...known, since: 0 }) === JSON.stringify({ ...entry, since: 0 }))
      return;
    this.#sql.exec(
      `INSERT INTO schedulers (name, host, entry) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET host = excluded.host, entry = excluded.entry`,
      ...[entry.scheduler, entry.host, JSON.stringify(entry)],
    );
    this.#read().set(entry.scheduler, entry);
  }

  setWaiting(store: StoreName, waits: boolean): void {
    if (waits) this.#sql.exec("INSERT INTO waiting (store) VALUES (?) ON CONFLICT DO NOTHING", store);
    else this.#sql.exec("DELETE FROM waiting WHERE store = ?", store);
  }

  waiting(): StoreName[] {
    return this.#sql
      .exec<{ store: string }>("SELECT store FROM waiting LIMIT ?", MAX_TOLD)
      .toArray()
      .map((row) => row.store);
  }

  setFull(store: StoreName, why: string | null, now: number): void {
    this.#sql.exec("DELETE FROM full WHERE store = ? OR said < ?", store, now - FULL_FOR);
    if (why !== null) this.#sql.exec("INSERT INTO full (store, why, said) VALUES (?, ?, ?)", store, why, now);
    this.#full = undefined;
  }

  full(now: number): { store: StoreName; why: string }[] {
    this.#full ??= this.#sql.exec<Full>("SELECT store, why, said FROM full LIMIT ?", MAX_TOLD).toArray();
    return this.#full.filter(({ said }) => said >= now - FULL_FOR).map(({ store, why }) => ({ store, why }));
  }

  #read(): Map<SchedulerName, RosterEntry> {
    this.#entries ??= new Map(
      this.#sql
        .exec<{ name: string; entry: string }>("SELECT name, entry FROM schedulers ORDER BY name")
        .toArray()
        .map((row) => [row.name, JSON.parse(row.entry) as RosterEntry]),
    );
    return this.#entries;
  }
}
