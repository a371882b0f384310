// Subjects, namespaces and keys in D1. A key is stored twice: as HMAC for the look-up and sealed for whoever may read it.

import { and, asc, eq, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { Identity, NamespaceLimits } from "../../entities/identity.ts";
import { type MasterSecret, open, sameSecret, seal } from "../../entities/sealing.ts";
import type { IdentityStore, NewIdentity } from "../identity-store.ts";
import { identities, namespaces, subjects } from "./schema.ts";
import { lookupOf, resealKey } from "./secret-book.ts";

const SECRET_LENGTH = 64;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

interface Found {
  uuid: string;
  subject: string;
  namespace: string;
  lookup: string;
  sealedKey: string;
  limits: string | null;
}

export class D1IdentityStore implements IdentityStore {
  readonly #db: DrizzleD1Database;
  readonly #secret: MasterSecret;

  constructor(database: D1Database, secret: MasterSecret) {
    this.#db = drizzle(database);
    this.#secret = secret;
  }

  async byKey(uuid: string, secret: string): Promise<Identity | null> {
    const key = `${uuid}:${secret}`;
    const { current, previous } = this.#secret;
    const [lookup, [row]] = await Promise.all([
      lookupOf(current, key),
      this.#select().where(this.#visible(uuid)).limit(1),
    ]);
    // An unknown uuid takes the same road as a wrong secret.
    if (await sameSecret(row?.lookup ?? "", lookup)) return row === undefined ? null : identityOf(row, key);
    if (previous === null) return null;
    const former = await lookupOf(previous, key);
    if (!(await sameSecret(row?.lookup ?? "", former)) || row === undefined) return null;
    await resealKey(this.#db, this.#secret, { key, lookup: former });
    return identityOf(row, key);
  }

  async byUuid(uuid: string): Promise<Identity | null> {
    const [row] = await this.#select().where(this.#visible(uuid)).limit(1);
    return row === undefined ? null : this.#unsealed(row);
  }

  async byNamespace(name: string): Promise<Identity | null> {
    const [row] = await this.#select()
      .where(and(eq(identities.namespace, name), eq(subjects.blocked, 0)))
      .orderBy(asc(identities.created), asc(identities.uuid))
      .limit(1);
    return row === undefined ? null : this.#unsealed(row);
  }

  async create(identity: NewIdentity): Promise<Identity | null> {
    const { subject, namespace, limits } = identity;
    const key = identity.key ?? randomKey();
    const uuid = key.slice(0, key.indexOf(":"));
    const [lookup, sealedKey] = await Promise.all([
      lookupOf(this.#secret.current, key),
      seal(this.#secret, "stored-key", key),
    ]);
    const created = Date.now();
    const [inserted] = await this.#db.batch([
      this.#db
        .insert(identities)
        .values({ uuid, subject, namespace, lookup, sealedKey, created })
        .onConflictDoNothing()
        .returning({ uuid: identities.uuid }),
      this.#db.insert(subjects).values({ subject, created }).onConflictDoNothing(),
      this.#setLimits(namespace, { limits, ifInserted: { uuid, lookup, created } }),
    ]);
    if (inserted.length === 0) return null;
    const [row] = await this.#select().where(eq(identities.uuid, uuid)).limit(1);
    return row === undefined ? null : identityOf(row, key);
  }

  #setLimits(
    namespace: string,
    options: { limits: NamespaceLimits | undefined; ifInserted: { uuid: string; lookup: string; created: number } },
  ) {
    const { uuid, lookup, created } = options.ifInserted;
    const limits = JSON.stringify(options.limits ?? {});
    return this.#db
      .insert(namespaces)
      .select(
        sql`SELECT ${namespace}, ${limits} FROM identities WHERE ${options.limits === undefined ? 0 : 1} = 1
          AND uuid = ${uuid} AND lookup = ${lookup} AND created = ${created}`,
      )
      .onConflictDoUpdate({ target: namespaces.name, set: { limits } });
  }

  async #unsealed(row: Found): Promise<Identity> {
    const key = await open(this.#secret, "stored-key", row.sealedKey);
    // Who acts without a key to hand on hands none on.
    return key === null ? { ...identityOf(row, ""), derived: true } : identityOf(row, key);
  }

  #select() {
    const { uuid, subject, namespace, lookup, sealedKey } = identities;
    return this.#db
      .select({ uuid, subject, namespace, lookup, sealedKey, limits: namespaces.limits })
      .from(identities)
      .innerJoin(subjects, eq(subjects.subject, identities.subject))
      .leftJoin(namespaces, eq(namespaces.name, identities.namespace))
      .$dynamic();
  }

  #visible(uuid: string) {
    return and(eq(identities.uuid, uuid), eq(subjects.blocked, 0));
  }
}

function identityOf(row: Found, key: string): Identity {
  return {
    subject: row.subject,
    namespace: { name: row.namespace, uuid: row.uuid },
    limits: row.limits === null ? {} : (JSON.parse(row.limits) as NamespaceLimits),
    key,
    derived: false,
  };
}

function randomKey(): string {
  let secret = "";
  while (secret.length < SECRET_LENGTH) {
    // Bytes that would favour the alphabet's first letters are thrown away.
    for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_LENGTH))) {
      if (byte < ALPHABET.length * 4 && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % ALPHABET.length];
    }
  }
  return `${crypto.randomUUID()}:${secret}`;
}
