// Subjects, namespaces and keys in D1. A key is stored twice: as HMAC for the look-up and sealed for whoever may read it.

import { and, asc, eq, notInArray, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { Identity, Namespace, NamespaceLimits } from "../../entities/identity.ts";
import { type MasterSecret, sameSecret, seal } from "../../entities/sealing.ts";
import type {
  Household,
  IdentityStore,
  Made,
  NamespaceStanding,
  NewIdentity,
  SubjectStanding,
} from "../identity-store.ts";
import { identities, namespaces, subjects } from "./schema.ts";
import { lookupOf, resealKey } from "./secret-book.ts";

const SECRET_LENGTH = 64;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const INSERT = `INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM subjects WHERE subject = ?2 AND blocked = 1)
  ON CONFLICT DO NOTHING`;
const MINE = "FROM identities WHERE uuid = ?1 AND lookup = ?2 AND created = ?3";
const INSERT_SUBJECT = `INSERT INTO subjects (subject, created) SELECT ?4, ?3 ${MINE} ON CONFLICT DO NOTHING`;
/** Its records go to the database that keeps those of the fewest namespaces. */
const INSERT_NAMESPACE = `INSERT INTO namespaces (name, limits, id, records) SELECT ?4, '{}', ?5,
    (SELECT value FROM json_each(?6) ORDER BY (SELECT count(*) FROM namespaces WHERE records = value), value LIMIT 1) ${MINE}
  ON CONFLICT (name) DO UPDATE SET id = coalesce(namespaces.id, excluded.id)`;
const SET_LIMITS = `UPDATE namespaces SET limits = ?5 WHERE name = ?4 AND EXISTS (SELECT 1 ${MINE})`;
const DELETE = "DELETE FROM identities WHERE subject = ?1 AND namespace = ?2";
/** A blocked subject stays known: it is not unblocked by being made again. */
const DELETE_SUBJECT = `DELETE FROM subjects WHERE subject = ?1 AND blocked = 0
  AND NOT EXISTS (SELECT 1 FROM identities WHERE identities.subject = subjects.subject)`;
const ROTATE = `UPDATE identities SET uuid = ?3, lookup = ?4, sealed_key = ?5 WHERE subject = ?1 AND namespace = ?2
  AND NOT EXISTS (SELECT 1 FROM identities AS other WHERE other.uuid = ?3)`;
const KEYS = "SELECT uuid FROM identities WHERE namespace = ?1 ORDER BY created, uuid";
/** Gives a namespace its permanent id where it has none, as the migration did: an earlier version made it since. */
const SETTLE = `INSERT INTO namespaces (name, limits, id, former)
  SELECT ?1, '{}', (${KEYS} LIMIT 1), (SELECT json_group_array(uuid) FROM (${KEYS} LIMIT -1 OFFSET 1))
  WHERE EXISTS (SELECT 1 FROM identities WHERE namespace = ?1)
  ON CONFLICT (name) DO UPDATE SET id = excluded.id, former = excluded.former WHERE namespaces.id IS NULL`;

interface Found {
  uuid: string;
  subject: string;
  namespace: string;
  lookup: string;
  limits: string | null;
  id: string | null;
  former: string | null;
  records: number | null;
}

/** Identities as rows of D1. Keys are found by HMAC and kept sealed, both under keys of the master secret. */
export class D1IdentityStore implements IdentityStore {
  readonly #database: D1Database;
  readonly #db: DrizzleD1Database;
  readonly #secret: MasterSecret;
  readonly #bindings: string;

  /** `bindings`: numbers of the databases of records that there are. */
  constructor(database: D1Database, secret: MasterSecret, options: { bindings: readonly number[] }) {
    this.#bindings = JSON.stringify(options.bindings);
    this.#database = database;
    this.#db = drizzle(database);
    this.#secret = secret;
  }

  async byKey(uuid: string, secret: string): Promise<Identity | null> {
    const key = `${uuid}:${secret}`;
    const { current, previous } = this.#secret;
    const [lookup, [row]] = await Promise.all([lookupOf(current, key), this.#find(eq(identities.uuid, uuid))]);
    // An unknown uuid takes the same road as a wrong secret.
    if (await sameSecret(row?.lookup ?? "", lookup)) return row === undefined ? null : identityOf(row, key);
    if (previous === null) return null;
    const former = await lookupOf(previous, key);
    if (!(await sameSecret(row?.lookup ?? "", former)) || row === undefined) return null;
    await resealKey(this.#db, this.#secret, { key, lookup: former });
    return identityOf(row, key);
  }

  async household(id: string, { orKey }: { orKey: boolean }): Promise<Household | null> {
    const named = sql`(SELECT name FROM namespaces WHERE id = ${id})`;
    const keyed = sql`(SELECT namespace FROM identities WHERE uuid = ${id})`;
    const name = orKey ? sql`coalesce(${named}, ${keyed})` : named;
    const rows = await this.#find(eq(identities.namespace, name));
    const [first] = rows;
    if (first === undefined) return null;
    const members = rows.map(({ uuid: keyId, subject }) => ({ keyId, subject }));
    return { namespace: namespaceOf(first), limits: limitsOf(first), members };
  }

  async byNamespace(name: string): Promise<Identity | null> {
    const [row] = await this.#find(eq(identities.namespace, name), 1);
    return row === undefined ? null : { ...identityOf(row, ""), keyId: "", derived: true };
  }

  async anyBeside(names: readonly string[]): Promise<boolean> {
    const { uuid, namespace } = identities;
    const others = await this.#db
      .select({ uuid })
      .from(identities)
      .where(notInArray(namespace, [...names]))
      .limit(1);
    return others.length > 0;
  }

  async create(identity: NewIdentity): Promise<Made> {
    const { subject, namespace, limits } = identity;
    const key = identity.key ?? randomKey();
    const uuid = uuidOf(key);
    const { lookup, sealedKey } = await this.#sealed(key);
    const created = Date.now();
    const id = crypto.randomUUID();
    // What follows the insertion is done only if that was.
    const mine = [uuid, lookup, created];
    const statements = [
      this.#settle(namespace),
      this.#prepared(INSERT, [uuid, subject, namespace, lookup, sealedKey, created]),
      this.#prepared(INSERT_SUBJECT, [...mine, subject]),
      this.#prepared(INSERT_NAMESPACE, [...mine, namespace, id, this.#bindings]),
    ];
    if (limits !== undefined) {
      statements.push(this.#prepared(SET_LIMITS, [...mine, namespace, JSON.stringify(limits)]));
    }
    const [, inserted] = await this.#database.batch(statements);
    if (inserted?.meta.changes === 0) return { kind: (await this.#isBlocked(subject)) ? "blocked" : "exists" };
    const [row] = await this.#find(eq(identities.uuid, uuid));
    if (row === undefined) return { kind: "blocked" };
    return { kind: "made", identity: identityOf(row, key), fresh: row.id === id };
  }

  async standing(subject: string): Promise<SubjectStanding | null> {
    const [known] = await this.#db.select().from(subjects).where(eq(subjects.subject, subject)).limit(1);
    if (known === undefined) return null;
    const rows = await this.#db
      .select({ name: identities.namespace })
      .from(identities)
      .where(eq(identities.subject, subject))
      .orderBy(asc(identities.namespace));
    return {
      subject,
      blocked: known.blocked !== 0,
      namespaces: await this.#standings(rows.map((row) => row.name)),
    };
  }

  async block(subject: string, blocked: boolean): Promise<SubjectStanding | null> {
    await this.#db
      .update(subjects)
      .set({ blocked: blocked ? 1 : 0 })
      .where(eq(subjects.subject, subject));
    return this.standing(subject);
  }

  async remove(subject: string, namespace: string | undefined): Promise<SubjectStanding | null> {
    const before = await this.standing(subject);
    if (before === null) return null;
    const gone = before.namespaces.map((each) => each.namespace.name).filter((name) => (namespace ?? name) === name);
    if (namespace !== undefined && gone.length === 0) return null;
    const statements = gone.map((name) => this.#prepared(DELETE, [subject, name]));
    await this.#database.batch([...statements, this.#prepared(DELETE_SUBJECT, [subject])]);
    return { ...before, namespaces: await this.#standings(gone) };
  }

  async rotate(subject: string, namespace: string, given: string | undefined): Promise<Identity | "exists" | null> {
    const key = given ?? randomKey();
    const uuid = uuidOf(key);
    const { lookup, sealedKey } = await this.#sealed(key);
    const [, changed] = await this.#database.batch([
      this.#settle(namespace),
      this.#prepared(ROTATE, [subject, namespace, uuid, lookup, sealedKey]),
    ]);
    const own = and(eq(identities.subject, subject), eq(identities.namespace, namespace));
    const [row] = await this.#select().where(own).limit(1);
    if (row === undefined) return null;
    return changed?.meta.changes === 0 ? "exists" : identityOf(row, key);
  }

  /** Rows of subjects that are not blocked, oldest key first. */
  async #find(where: ReturnType<typeof eq>, limit = 1_000): Promise<Found[]> {
    const ask = () =>
      this.#select()
        .where(and(where, eq(subjects.blocked, 0)))
        .orderBy(asc(identities.created), asc(identities.uuid))
        .limit(limit);
    const rows = await ask();
    const unsettled = rows.find((row) => row.id === null);
    if (unsettled === undefined) return rows;
    await this.#settle(unsettled.namespace).run();
    return ask();
  }

  #select() {
    const { uuid, subject, namespace, lookup } = identities;
    const { limits, id, former, records } = namespaces;
    return this.#db
      .select({ uuid, subject, namespace, lookup, limits, id, former, records })
      .from(identities)
      .innerJoin(subjects, eq(subjects.subject, identities.subject))
      .leftJoin(namespaces, eq(namespaces.name, identities.namespace))
      .$dynamic();
  }

  #settle(namespace: string): D1PreparedStatement {
    return this.#prepared(SETTLE, [namespace]);
  }

  #prepared(statement: string, values: readonly (string | number)[]): D1PreparedStatement {
    return this.#database.prepare(statement).bind(...values);
  }

  async #standings(names: readonly string[]): Promise<NamespaceStanding[]> {
    if (names.length === 0) return [];
    const rows = await this.#db
      .select({
        ...{ namespace: namespaces.name, id: namespaces.id, former: namespaces.former, records: namespaces.records },
        open: sql<number>`EXISTS (SELECT 1 FROM identities JOIN subjects ON subjects.subject = identities.subject
          WHERE identities.namespace = ${namespaces.name} AND subjects.blocked = 0)`,
      })
      .from(namespaces)
      .where(sql`${namespaces.name} IN (SELECT value FROM json_each(${JSON.stringify(names)}))`)
      .orderBy(asc(namespaces.name));
    return rows.map((row) => ({ namespace: namespaceOf(row), open: row.open !== 0 }));
  }

  async #isBlocked(subject: string): Promise<boolean> {
    const where = and(eq(subjects.subject, subject), eq(subjects.blocked, 1));
    return (await this.#db.select().from(subjects).where(where).limit(1)).length > 0;
  }

  async #sealed(key: string): Promise<{ lookup: string; sealedKey: string }> {
    const [lookup, sealedKey] = await Promise.all([
      lookupOf(this.#secret.current, key),
      seal(this.#secret, "stored-key", key),
    ]);
    return { lookup, sealedKey };
  }
}

function identityOf(row: Found, key: string): Identity {
  const { subject, uuid: keyId } = row;
  return { subject, namespace: namespaceOf(row), limits: limitsOf(row), key, keyId, derived: false };
}

function namespaceOf(row: Pick<Found, "namespace" | "id" | "former" | "records">): Namespace {
  if (row.id === null) throw new Error("a namespace has no id");
  const former = JSON.parse(row.former ?? "[]") as string[];
  return {
    ...{ name: row.namespace, uuid: row.id },
    ...(former.length === 0 ? {} : { former }),
    ...(row.records ? { records: row.records } : {}),
  };
}

function limitsOf({ limits }: Pick<Found, "limits">): NamespaceLimits {
  return limits === null ? {} : (JSON.parse(limits) as NamespaceLimits);
}

function uuidOf(key: string): string {
  return key.slice(0, key.indexOf(":"));
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
