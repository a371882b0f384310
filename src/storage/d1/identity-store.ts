// Subjects, namespaces and keys in D1. A key is stored twice:
// as HMAC for the look-up and sealed for whoever may read it.

import type { Identity, Namespace, NamespaceLimits } from "../../entities/identity.ts";
import { RIGHTS_OF_ROLE, type Role } from "../../entities/rights.ts";
import type { Scope } from "../../entities/scope.ts";
import { type MasterSecret, sameSecret } from "../../entities/sealing.ts";
import type {
  Household,
  IdentityStore,
  Made,
  NamespaceStanding,
  NewIdentity,
  SubjectStanding,
} from "../identity-store.ts";
import { randomKey, sealedKey, uuidOf } from "./key-material.ts";
import { lookupOf, resealKey } from "./secret-book.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

/** Keys that one subject may have to one namespace. */
const MAX_KEYS = 1_000;

const INSERT = `INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created, name, ends, role, scope)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS (SELECT 1 FROM subjects WHERE subject = ?2 AND blocked = 1)
  AND NOT EXISTS (SELECT 1 FROM namespaces WHERE name = ?3 AND state <> 'open')
  AND (SELECT count(*) FROM identities WHERE subject = ?2 AND namespace = ?3) < ${MAX_KEYS}
  AND (?11 IS NULL OR (SELECT count(*) FROM identities WHERE namespace = ?3) < ?11)
  ON CONFLICT DO NOTHING`;
const MINE = "FROM identities WHERE uuid = ?1 AND lookup = ?2 AND created = ?3";
const INSERT_SUBJECT = `INSERT INTO subjects (subject, created) SELECT ?4, ?3 ${MINE} ON CONFLICT DO NOTHING`;
/** Its records go to the database that keeps those of the fewest namespaces. */
const INSERT_NAMESPACE = `INSERT INTO namespaces (name, limits, id, records) SELECT ?4, '{}', ?5,
    (SELECT value FROM json_each(?6) ORDER BY (SELECT count(*) FROM namespaces WHERE records = value), value LIMIT 1) ${MINE}
  ON CONFLICT (name) DO UPDATE SET id = coalesce(namespaces.id, excluded.id),
    records = iif(namespaces.id IS NULL, excluded.records, namespaces.records)`;
const SET_LIMITS = `UPDATE namespaces SET limits = ?5 WHERE name = ?4 AND EXISTS (SELECT 1 ${MINE})`;
const DELETE = "DELETE FROM identities WHERE subject = ?1 AND namespace = ?2";
/** A blocked subject stays known: it is not unblocked by being made again. */
const DELETE_SUBJECT = `DELETE FROM subjects WHERE subject = ?1 AND blocked = 0
  AND NOT EXISTS (SELECT 1 FROM identities WHERE identities.subject = subjects.subject)`;
/** The key a subject had first has no name of its own. */
const ROTATE = `UPDATE identities SET uuid = ?3, lookup = ?4, sealed_key = ?5 WHERE subject = ?1 AND namespace = ?2
  AND name = 'default' AND replaced_by IS NULL AND NOT EXISTS (SELECT 1 FROM identities AS other WHERE other.uuid = ?3)`;
const KEYS = "SELECT uuid FROM identities WHERE namespace = ?1 ORDER BY created, uuid";
/** Gives a namespace its permanent id where it has none, as the migration did: an earlier version made it since. */
const SETTLE = `INSERT INTO namespaces (name, limits, id, former)
  SELECT ?1, '{}', (${KEYS} LIMIT 1), (SELECT json_group_array(uuid) FROM (${KEYS} LIMIT -1 OFFSET 1))
  WHERE EXISTS (SELECT 1 FROM identities WHERE namespace = ?1)
  ON CONFLICT (name) DO UPDATE SET id = excluded.id, former = excluded.former WHERE namespaces.id IS NULL`;

const SELECT = `SELECT identities.uuid, identities.subject, identities.namespace, identities.lookup, namespaces.limits, namespaces.id,
    namespaces.former, namespaces.records, identities.ends, identities.name, identities.role, identities.scope
  FROM identities JOIN subjects ON subjects.subject = identities.subject
  LEFT JOIN namespaces ON namespaces.name = identities.namespace`;
/** Whether anybody who is not blocked has a key to the namespace, and it is not blocked itself. */
const OPEN = `state = 'open' AND EXISTS (SELECT 1 FROM identities JOIN subjects ON subjects.subject = identities.subject
  WHERE identities.namespace = namespaces.name AND subjects.blocked = 0)`;

interface Found {
  uuid: string;
  subject: string;
  namespace: string;
  lookup: string;
  limits: string | null;
  id: string | null;
  former: string | null;
  records: number | null;
  ends: number | null;
  name: string;
  role: Role;
  scope: string | null;
}

/** Identities as rows of D1. Keys are found by HMAC and kept sealed, both under keys of the master secret. */
export class D1IdentityStore implements IdentityStore {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;
  readonly #bindings: string;

  /** `bindings`: numbers of the databases of records that there are. */
  constructor(database: SqlDatabase, secret: MasterSecret, options: { bindings: readonly number[] }) {
    this.#bindings = JSON.stringify(options.bindings);
    this.#database = database;
    this.#secret = secret;
  }

  async byKey(uuid: string, secret: string): Promise<Identity | null> {
    const key = `${uuid}:${secret}`;
    const { current, previous } = this.#secret;
    const [lookup, [row]] = await Promise.all([lookupOf(current, key), this.#find(sql`identities.uuid = ${uuid}`)]);
    // An unknown uuid takes the same road as a wrong secret.
    if (await sameSecret(row?.lookup ?? "", lookup)) return row === undefined ? null : identityOf(row, key);
    if (previous === null) return null;
    const former = await lookupOf(previous, key);
    if (!(await sameSecret(row?.lookup ?? "", former)) || row === undefined) return null;
    await resealKey(this.#database, this.#secret, { key, lookup: former });
    return identityOf(row, key);
  }

  async household(id: string, { orKey }: { orKey: boolean }): Promise<Household | null> {
    const named = sql`(SELECT name FROM namespaces WHERE id = ${id})`;
    const keyed = sql`(SELECT namespace FROM identities WHERE uuid = ${id})`;
    const name = orKey ? sql`coalesce(${named}, ${keyed})` : named;
    const rows = await this.#find(sql`identities.namespace = ${name}`);
    const [first] = rows;
    if (first === undefined) return null;
    const members = rows.map(({ uuid: keyId, name: keyName, subject, ends, role, scope }) => {
      return { keyId, keyName, subject, ...endOf(ends), role, ...scopeIn(scope) };
    });
    return { namespace: namespaceOf(first), limits: limitsOf(first), members };
  }

  async byNamespace(name: string): Promise<Identity | null> {
    const [row] = await this.#find(sql`identities.namespace = ${name}`, 1);
    if (row === undefined) return null;
    // The namespace itself acts: nothing that is said of a key is said of it.
    const { subject, namespace, limits } = identityOf(row, "");
    return { subject, namespace, limits, key: "", keyId: "", derived: true };
  }

  async anyBeside(names: readonly string[]): Promise<boolean> {
    const listed = JSON.stringify(names);
    const others = await rowsOf(
      this.#database,
      sql`SELECT 1 FROM identities WHERE namespace NOT IN (SELECT value FROM json_each(${listed})) LIMIT 1`,
    );
    return others.length > 0;
  }

  async create(identity: NewIdentity): Promise<Made> {
    const { subject, namespace, limits, name = "default", ends = null, role = "owner", scope, most = null } = identity;
    const key = identity.key ?? randomKey();
    const uuid = uuidOf(key);
    const { lookup, sealed } = await sealedKey(this.#secret, key);
    const created = Date.now();
    const id = crypto.randomUUID();
    // What follows the insertion is done only if that was.
    const mine = [uuid, lookup, created];
    const statements = [
      this.#settle(namespace),
      this.#prepared(INSERT, [
        ...[uuid, subject, namespace, lookup, sealed, created, name, ends, role, textOf(scope)],
        most,
      ]),
      this.#prepared(INSERT_SUBJECT, [...mine, subject]),
      this.#prepared(INSERT_NAMESPACE, [...mine, namespace, id, this.#bindings]),
    ];
    if (limits !== undefined) {
      statements.push(this.#prepared(SET_LIMITS, [...mine, namespace, JSON.stringify(limits)]));
    }
    const [, inserted] = await this.#database.batch(statements);
    if (inserted?.meta.changes === 0) return { kind: await this.#obstacle(subject, namespace, most) };
    const [row] = await this.#find(sql`identities.uuid = ${uuid}`);
    if (row === undefined) return { kind: "blocked" };
    return { kind: "made", identity: identityOf(row, key), fresh: row.id === id };
  }

  async standing(subject: string): Promise<SubjectStanding | null> {
    const asked = sql`SELECT blocked FROM subjects WHERE subject = ${subject}`;
    const blocked = await prepared(this.#database, asked).first<number>("blocked");
    if (blocked === null) return null;
    const rows = await rowsOf<{ name: string }>(
      this.#database,
      sql`SELECT DISTINCT namespace AS name FROM identities WHERE subject = ${subject} ORDER BY namespace`,
    );
    return {
      subject,
      blocked: blocked !== 0,
      namespaces: await this.#standings(rows.map((row) => row.name)),
    };
  }

  async block(subject: string, blocked: boolean): Promise<SubjectStanding | null> {
    const change = sql`UPDATE subjects SET blocked = ${blocked ? 1 : 0} WHERE subject = ${subject}`;
    await this.#database.batch([prepared(this.#database, change)]);
    return this.standing(subject);
  }

  async remove(subject: string, namespace: string | undefined): Promise<SubjectStanding | null> {
    const before = await this.standing(subject);
    if (before === null) return null;
    const gone = before.namespaces.map((each) => each.namespace.name).filter((name) => (namespace ?? name) === name);
    if (namespace !== undefined && gone.length === 0) return null;
    const statements = gone.map((name) => this.#prepared(DELETE, [subject, name]));
    const whole = namespace === undefined ? [this.#prepared(DELETE_SUBJECT, [subject])] : [];
    if (statements.length + whole.length > 0) await this.#database.batch([...statements, ...whole]);
    return { ...before, namespaces: await this.#standings(gone) };
  }

  async rotate(subject: string, namespace: string, given: string | undefined): Promise<Identity | "exists" | null> {
    const key = given ?? randomKey();
    const uuid = uuidOf(key);
    const { lookup, sealed } = await sealedKey(this.#secret, key);
    const [, changed] = await this.#database.batch([
      this.#settle(namespace),
      this.#prepared(ROTATE, [subject, namespace, uuid, lookup, sealed]),
    ]);
    const [row] = await this.#select(
      sql`identities.subject = ${subject} AND identities.namespace = ${namespace} AND identities.name = 'default'
        AND identities.replaced_by IS NULL`,
    );
    if (row === undefined) return null;
    return changed?.meta.changes === 0 ? "exists" : identityOf(row, key);
  }

  /** Rows of subjects that are not blocked, oldest key first. */
  async #find(where: SqlPiece, limit = 1_000): Promise<Found[]> {
    const ask = () =>
      this.#select(sql`${where} AND subjects.blocked = 0 AND coalesce(namespaces.state, 'open') = 'open'
        ORDER BY identities.created, identities.uuid LIMIT ${limit}`);
    const rows = await ask();
    const unsettled = rows.find((row) => row.id === null);
    if (unsettled === undefined) return rows;
    await this.#settle(unsettled.namespace).run();
    return ask();
  }

  #select({ text, values }: SqlPiece): Promise<Found[]> {
    return rowsOf<Found>(this.#database, { text: `${SELECT} WHERE ${text}`, values });
  }

  #settle(namespace: string): D1PreparedStatement {
    return this.#prepared(SETTLE, [namespace]);
  }

  #prepared(statement: string, values: readonly (string | number | null)[]): D1PreparedStatement {
    return this.#database.prepare(statement).bind(...values);
  }

  async #standings(names: readonly string[]): Promise<NamespaceStanding[]> {
    if (names.length === 0) return [];
    const rows = await rowsOf<
      Omit<Found, "uuid" | "subject" | "lookup" | "limits" | "ends" | "name" | "role" | "scope"> & { open: number }
    >(this.#database, {
      text: `SELECT name AS namespace, id, former, records, ${OPEN} AS open FROM namespaces
        WHERE name IN (SELECT value FROM json_each(?)) ORDER BY name`,
      values: [JSON.stringify(names)],
    });
    return rows.map((row) => ({ namespace: namespaceOf(row), open: row.open !== 0 }));
  }

  /** Why no key of the subject to the namespace is made. */
  async #obstacle(
    subject: string,
    namespace: string,
    most: number | null,
  ): Promise<"blocked" | "closed" | "full" | "exists"> {
    const [found] = await rowsOf<{ blocked: number; closed: number; keys: number }>(
      this.#database,
      sql`SELECT EXISTS (SELECT 1 FROM subjects WHERE subject = ${subject} AND blocked = 1) AS blocked,
        EXISTS (SELECT 1 FROM namespaces WHERE name = ${namespace} AND state <> 'open') AS closed,
        (SELECT count(*) FROM identities WHERE namespace = ${namespace}) AS keys`,
    );
    if (found?.blocked === 1) return "blocked";
    if (found?.closed === 1) return "closed";
    return most !== null && (found?.keys ?? 0) >= most ? "full" : "exists";
  }
}

function identityOf(row: Found, key: string): Identity {
  const { subject, uuid: keyId, name: keyName, ends, role, scope } = row;
  const whose = { subject, namespace: namespaceOf(row), limits: limitsOf(row) };
  const may = role === "owner" ? { derived: false } : { derived: true, rights: RIGHTS_OF_ROLE[role], role };
  return { ...whose, key, keyId, keyName, ...may, ...scopeIn(scope), ...endOf(ends) };
}

function scopeIn(scope: string | null): { scope?: Scope } {
  return scope === null ? {} : { scope: JSON.parse(scope) as Scope };
}

function textOf(scope: Scope | undefined): string | null {
  return scope === undefined ? null : JSON.stringify(scope);
}

function endOf(ends: number | null): { keyEnds?: number } {
  return ends === null ? {} : { keyEnds: ends };
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
