// Check values of the secrets in D1, and the keys sealed anew when the secret changes.

import { derive, type MasterSecret, mac, open, seal, unseal } from "../../entities/sealing.ts";
import { checksOf, type Fault, type NotedChecks, type OpenedBy, verdictOf } from "../../entities/secret-check.ts";
import { log } from "../../log.ts";
import type { Resealed, SecretBook } from "../secret-book.ts";
import { resealBatch } from "./secrets.ts";
import { prepared, rowsOf, type SqlDatabase, sql } from "./statement.ts";

const NAME = "master-secret";
/** What `after` begins with once all keys have been looked at: no uuid does. */
const SECRETS = "secrets/";
/** Keys asked which secret opens them, where nothing has been noted yet. */
const SAMPLE = 5;
const BATCH = 100;
/** How often a note is tried when others write theirs at the same time. */
const TRIES = 3;

interface SealedRow {
  uuid: string;
  subject: string;
  namespace: string;
  lookup: string;
  sealedKey: string;
}

/** Keeps in D1 by which secret the stored keys were sealed, as check values that open nothing. */
export class D1SecretBook implements SecretBook {
  readonly #database: D1Database;
  readonly #secret: MasterSecret;

  constructor(database: D1Database, secret: MasterSecret) {
    this.#database = database;
    this.#secret = secret;
  }

  async check(): Promise<Fault | null> {
    const given = await checksOf(this.#secret);
    for (let tries = 0; tries < TRIES; tries++) {
      let found: string | null;
      try {
        found = await this.#noted();
      } catch (cause) {
        if (!isUnmigrated(cause)) throw cause;
        return { variable: "DB", reason: "lacks tables: run 'npx edgewhisk migrate'" };
      }
      const noted = found === null ? null : (JSON.parse(found) as NotedChecks);
      const openedBy = noted === null ? await this.#openedBy() : "no keys";
      const verdict = verdictOf(noted, given, openedBy);
      if (verdict.kind === "good") return null;
      if (verdict.kind === "fault") return verdict.fault;
      if (!(await this.#note(verdict.checks, found))) continue;
      if (openedBy === "empty") log.warn("secrets-noted", { text: EMPTY });
      return null;
    }
    throw new Error("the check value of MASTER_SECRET changes all the time");
  }

  /** Keys first, then the secrets of users. */
  async reseal(after: string): Promise<Resealed> {
    const before = await this.#noted();
    if (after.startsWith(SECRETS)) return this.#resealSecrets(after.slice(SECRETS.length), before);
    const rows = await rowsOf<SealedRow>(
      this.#database,
      sql`SELECT uuid, subject, namespace, lookup, sealed_key AS sealedKey FROM identities
        WHERE uuid > ${after} ORDER BY uuid LIMIT ${BATCH}`,
    );
    const lost: Resealed["lost"] = [];
    let resealed = 0;
    for (const row of rows) {
      const opened = await unseal(this.#secret, "stored-key", row.sealedKey);
      if (opened === null) lost.push({ subject: row.subject, namespace: row.namespace });
      else if (!opened.fresh) {
        await resealKey(this.#database, this.#secret, { key: opened.text, lookup: row.lookup });
        resealed++;
      }
    }
    const last = rows.length < BATCH ? undefined : rows.at(-1)?.uuid;
    if (last !== undefined) return { resealed, lost, next: last };
    const more = await this.#resealSecrets("", before);
    return { resealed: resealed + more.resealed, lost: [...lost, ...more.lost], next: more.next };
  }

  async #resealSecrets(after: string, before: string | null): Promise<Resealed> {
    const { resealed, lost, next } = await resealBatch(this.#database, this.#secret, after);
    if (next === null && before !== null) {
      const noted = JSON.parse(before) as NotedChecks;
      // Only if nobody began another change meanwhile.
      if (noted.formerly !== null) await this.#note({ ...noted, formerly: null }, before);
    }
    return {
      resealed,
      lost: lost.map(({ purpose, namespaceId }) => ({ subject: purpose, namespace: namespaceId })),
      next: next === null ? null : `${SECRETS}${next}`,
    };
  }

  async #noted(): Promise<string | null> {
    return prepared(this.#database, sql`SELECT value FROM deployment WHERE name = ${NAME}`).first<string>("value");
  }

  /** False if what is noted is not what it was. */
  async #note(checks: NotedChecks, before: string | null): Promise<boolean> {
    const value = JSON.stringify(checks);
    const written = await rowsOf(
      this.#database,
      before === null
        ? sql`INSERT INTO deployment (name, value) VALUES (${NAME}, ${value}) ON CONFLICT DO NOTHING RETURNING name`
        : sql`UPDATE deployment SET value = ${value} WHERE name = ${NAME} AND value = ${before} RETURNING name`,
    );
    return written.length > 0;
  }

  async #openedBy(): Promise<OpenedBy> {
    const rows = await rowsOf<Pick<SealedRow, "sealedKey">>(
      this.#database,
      sql`SELECT sealed_key AS sealedKey FROM identities WHERE sealed_key <> '' ORDER BY created LIMIT ${SAMPLE}`,
    );
    if (rows.length === 0) return "no keys";
    const { current, previous } = this.#secret;
    const candidates: [OpenedBy, string | null][] = [
      ["previous", previous],
      ["current", current],
      ["empty", ""],
    ];
    for (const [name, secret] of candidates) {
      if (secret === null) continue;
      for (const { sealedKey } of rows) {
        if ((await open({ current: secret, previous: null }, "stored-key", sealedKey)) !== null) return name;
      }
    }
    return "neither";
  }
}

const EMPTY =
  "The stored keys were made while MASTER_SECRET was missing: anybody could have entered with them, so that none is accepted any " +
  "more. POST /admin/v1/identities/<subject>/rotate makes a new one.";

/** A key's look-up and sealed text under the current secret, if nobody changed the row meanwhile. */
export async function resealKey(
  database: SqlDatabase,
  secret: MasterSecret,
  row: { key: string; lookup: string },
): Promise<void> {
  const uuid = row.key.slice(0, row.key.indexOf(":"));
  const [lookup, sealedKey] = await Promise.all([
    lookupOf(secret.current, row.key),
    seal(secret, "stored-key", row.key),
  ]);
  const change = sql`UPDATE identities SET lookup = ${lookup}, sealed_key = ${sealedKey}
    WHERE uuid = ${uuid} AND lookup = ${row.lookup}`;
  await prepared(database, change).run();
}

/** What a key is found by: HMAC of `uuid:secret` under a key of the master secret, in hex. */
export async function lookupOf(secret: string, key: string): Promise<string> {
  return mac(await derive(secret, "identity-lookup"), key);
}

function isUnmigrated(cause: unknown): boolean {
  for (let each = cause; each instanceof Error; each = each.cause) if (/no such table/.test(each.message)) return true;
  return false;
}
