// Subjects, namespaces, keys and limits in D1, as an administrator pages through them and changes them. Each change is
// one statement or one batch, so that of two administrators who change the same thing one comes after the other.

import type { Namespace, NamespaceLimits } from "../../entities/identity.ts";
import type { Scope } from "../../entities/scope.ts";
import { type MasterSecret, sameSecret, unseal } from "../../entities/sealing.ts";
import type {
  KeyChanged,
  KeyChanges,
  KeyFilter,
  KeyGuard,
  KeyRevoked,
  KeyRotated,
  KeyRotation,
  NamespaceState,
  OpenedKey,
  PageWish,
  RegisteredKey,
  RegisteredNamespace,
  RegisteredSubject,
  RegistryPage,
  RegistryStore,
} from "../registry-store.ts";
import { randomKey, sealedKey, uuidOf } from "./key-material.ts";
import { lookupOf } from "./secret-book.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

const KEY = `identities.uuid AS id, identities.subject, identities.namespace, identities.name, identities.created,
  identities.ends, identities.replaced_by AS replacedBy, identities.role, identities.scope, identities.lookup, identities.sealed_key AS sealed,
  subjects.blocked <> 0 OR coalesce(namespaces.state, 'open') <> 'open' AS blocked
  FROM identities JOIN subjects ON subjects.subject = identities.subject
  LEFT JOIN namespaces ON namespaces.name = identities.namespace`;
const NAMESPACE = `name, id, former, records, limits, state,
  state = 'open' AND EXISTS (SELECT 1 FROM identities JOIN subjects ON subjects.subject = identities.subject
    WHERE identities.namespace = namespaces.name AND subjects.blocked = 0) AS open,
  (SELECT count(*) FROM identities WHERE identities.namespace = namespaces.name) AS keys,
  (SELECT count(DISTINCT subject) FROM identities WHERE identities.namespace = namespaces.name) AS subjects
  FROM namespaces`;
/** Replaced keys that one sweep takes away. */
const MAX_SWEPT = 1_000;
/** After every end. */
const NEVER = 8_640_000_000_000_001;

interface KeyRow extends Omit<RegisteredKey, "blocked" | "scope"> {
  scope: string | null;
  lookup: string;
  sealed: string;
  blocked: number;
}

interface NamespaceRow {
  name: string;
  id: string;
  former: string;
  records: number;
  limits: string;
  state: NamespaceState;
  open: number;
  keys: number;
  subjects: number;
}

export class D1RegistryStore implements RegistryStore {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;
  readonly #bindings: string;

  /** `bindings`: numbers of the databases of records that there are. */
  constructor(database: SqlDatabase, secret: MasterSecret, options: { bindings: readonly number[] }) {
    this.#database = database;
    this.#secret = secret;
    this.#bindings = JSON.stringify(options.bindings);
  }

  async subjects({ after, limit }: PageWish): Promise<RegistryPage<RegisteredSubject>> {
    const rows = await this.#rows<Omit<RegisteredSubject, "blocked"> & { blocked: number }>(
      sql`SELECT subject, blocked, created,
          (SELECT count(DISTINCT namespace) FROM identities WHERE identities.subject = subjects.subject) AS namespaces,
          (SELECT count(*) FROM identities WHERE identities.subject = subjects.subject) AS keys
        FROM subjects WHERE subject > ${after} ORDER BY subject LIMIT ${limit + 1}`,
    );
    const items = rows.map((row) => ({ ...row, blocked: row.blocked !== 0 }));
    return pageOf(items, limit, ({ subject }) => subject);
  }

  async namespaces({ after, limit }: PageWish): Promise<RegistryPage<RegisteredNamespace>> {
    const rows = await this.#namespaces(sql`name > ${after} AND id IS NOT NULL ORDER BY name LIMIT ${limit + 1}`);
    return pageOf(rows, limit, ({ namespace }) => namespace.name);
  }

  async namespace(name: string): Promise<RegisteredNamespace | null> {
    return (await this.#namespaces(sql`name = ${name} AND id IS NOT NULL`))[0] ?? null;
  }

  async createNamespace(name: string, limits: NamespaceLimits): Promise<RegisteredNamespace | null> {
    const id = crypto.randomUUID();
    // What was set before there was the namespace stays; what is given now goes over it.
    await this.#run(
      sql`INSERT INTO namespaces (name, limits, id, records) SELECT ${name}, ${JSON.stringify(limits)}, ${id},
          (SELECT value FROM json_each(${this.#bindings})
            ORDER BY (SELECT count(*) FROM namespaces WHERE records = value), value LIMIT 1)
        WHERE NOT EXISTS (SELECT 1 FROM identities WHERE namespace = ${name})
        ON CONFLICT (name) DO UPDATE SET id = excluded.id, records = excluded.records,
          limits = json_patch(namespaces.limits, excluded.limits) WHERE namespaces.id IS NULL`,
    );
    const found = await this.namespace(name);
    return found?.namespace.uuid === id ? found : null;
  }

  async setBlocked(name: string, blocked: boolean): Promise<RegisteredNamespace | null> {
    const changed = await this.#run(
      sql`UPDATE namespaces SET state = ${blocked ? "blocked" : "open"}
        WHERE name = ${name} AND id IS NOT NULL AND state <> 'deleting'`,
    );
    return changed === 0 ? null : this.namespace(name);
  }

  async keys(filter: KeyFilter, wish: PageWish): Promise<RegistryPage<RegisteredKey>> {
    const { items, next } = await this.#keyRows(filter, wish);
    return { items: items.map(keyOf), next };
  }

  async openedKeys(filter: KeyFilter, wish: PageWish): Promise<RegistryPage<OpenedKey>> {
    const { items, next } = await this.#keyRows(filter, wish);
    const opened = items.map(async (row) => {
      const key = (await unseal(this.#secret, "stored-key", row.sealed))?.text ?? null;
      return { ...keyOf(row), key };
    });
    return { items: await Promise.all(opened), next };
  }

  async key(id: string, secret?: string): Promise<RegisteredKey | null> {
    const [row] = await this.#found(sql`identities.uuid = ${id}`);
    if (secret === undefined) return row === undefined ? null : keyOf(row);
    // An unknown uuid takes the same road as a wrong secret.
    for (const each of [this.#secret.current, this.#secret.previous]) {
      if (each === null) continue;
      const lookup = await lookupOf(each, `${id}:${secret}`);
      if ((await sameSecret(row?.lookup ?? "", lookup)) && row !== undefined) return keyOf(row);
    }
    return null;
  }

  async changeKey(id: string, { name, ends, role, scope }: KeyChanges, { owned }: KeyGuard = {}): Promise<KeyChanged> {
    const ended = ends === undefined ? sql`ends` : sql`${ends}`;
    const given = role === undefined ? sql`role` : sql`${role}`;
    const scoped = scope === undefined ? sql`scope` : sql`${scope === null ? null : JSON.stringify(scope)}`;
    const stays = sql`(${given} = 'owner' AND ${scoped} IS NULL AND coalesce(${ended}, ${NEVER}) >= coalesce(ends, ${NEVER}))`;
    const changed = await this.#run(
      sql`UPDATE OR IGNORE identities SET name = coalesce(${name ?? null}, name), ends = ${ended},
          role = ${given}, scope = ${scoped}
        WHERE uuid = ${id} AND replaced_by IS NULL AND ${owned === undefined ? sql`1` : sql`(${stays} OR ${ownedWithout(owned)})`}`,
    );
    const key = await this.key(id);
    if (key === null) return { kind: "missing" };
    if (changed > 0) return { kind: "changed", key };
    if (key.replacedBy !== null) return { kind: "replaced" };
    return { kind: name !== undefined && (await this.#hasNamed(key, name)) ? "taken" : "last-owner" };
  }

  async rotateKey(id: string, { now, goodUntil, ends, ...given }: KeyRotation): Promise<KeyRotated> {
    const key = given.key ?? randomKey();
    const uuid = uuidOf(key);
    const { lookup, sealed } = await sealedKey(this.#secret, key);
    const newEnd = ends === undefined ? sql`${null}` : sql`${ends}`;
    const keepsEnd = ends === undefined ? 1 : 0;
    // What follows the first is done only if that was: nobody else writes this uuid there.
    const [, , replaced] = await this.#database.batch(
      [
        sql`INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created, name, ends, replaced_by, role, scope)
          SELECT ${uuid}, subject, namespace, ${lookup}, ${sealed}, ${now}, name, iif(${keepsEnd}, ends, ${newEnd}), ${uuid}, role, scope
          FROM identities WHERE uuid = ${id} AND replaced_by IS NULL ON CONFLICT DO NOTHING`,
        sql`UPDATE identities SET replaced_by = ${uuid}, ends = min(coalesce(ends, ${goodUntil}), ${goodUntil})
          WHERE uuid = ${id} AND replaced_by IS NULL
          AND EXISTS (SELECT 1 FROM identities AS mine WHERE mine.uuid = ${uuid} AND mine.lookup = ${lookup} AND mine.replaced_by = ${uuid})`,
        sql`UPDATE identities SET replaced_by = NULL WHERE uuid = ${uuid} AND lookup = ${lookup} AND replaced_by = ${uuid}`,
        sql`DELETE FROM identities WHERE uuid = ${id} AND replaced_by = ${uuid} AND ends <= ${now}`,
      ].map((each) => prepared(this.#database, each)),
    );
    const before = await this.key(id);
    if (replaced?.meta.changes === 0) {
      if (before === null) return { kind: "missing" };
      return { kind: before.replacedBy === null ? "exists" : "replaced" };
    }
    const after = await this.key(uuid);
    return after === null ? { kind: "missing" } : { kind: "rotated", key, now: after, before };
  }

  async revokeKey(id: string, { owned }: KeyGuard = {}): Promise<KeyRevoked> {
    const key = await this.key(id);
    if (key === null) return { kind: "missing" };
    const { subject, namespace } = key;
    const [gone, left] = await this.#database.batch<{ keys: number }>(
      [
        sql`DELETE FROM identities WHERE uuid = ${id} AND ${owned === undefined ? sql`1` : ownedWithout(owned)}`,
        sql`SELECT count(*) AS keys FROM identities WHERE subject = ${subject} AND namespace = ${namespace}`,
      ].map((each) => prepared(this.#database, each)),
    );
    if (gone?.meta.changes !== 0) return { kind: "revoked", key, more: (left?.results[0]?.keys ?? 0) > 0 };
    return { kind: (await this.key(id)) === null ? "missing" : "last-owner" };
  }

  async limits(name: string): Promise<NamespaceLimits> {
    const [row] = await this.#rows<{ limits: string }>(sql`SELECT limits FROM namespaces WHERE name = ${name}`);
    return JSON.parse(row?.limits ?? "{}") as NamespaceLimits;
  }

  async setLimits(name: string, limits: object, { merge }: { merge: boolean }): Promise<NamespaceLimits | null> {
    const given = JSON.stringify(limits);
    const { results } = await this.#change<{ limits: string }>(
      sql`INSERT INTO namespaces (name, limits) VALUES (${name}, json_patch('{}', ${given}))
        ON CONFLICT (name) DO UPDATE SET limits = json_patch(iif(${merge ? 1 : 0}, namespaces.limits, '{}'), ${given})
        WHERE namespaces.state <> 'deleting' RETURNING limits`,
    );
    const [row] = results;
    return row === undefined ? null : (JSON.parse(row.limits) as NamespaceLimits);
  }

  async deleteLimits(name: string): Promise<boolean> {
    const [changed] = await this.#database.batch(
      [
        sql`UPDATE namespaces SET limits = '{}' WHERE name = ${name} AND limits <> '{}'`,
        sql`DELETE FROM namespaces WHERE name = ${name} AND id IS NULL AND limits = '{}'`,
      ].map((each) => prepared(this.#database, each)),
    );
    return (changed?.meta.changes ?? 0) > 0;
  }

  async namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#rows<{ id: string; name: string }>(
      sql`SELECT value AS id, coalesce((SELECT name FROM namespaces WHERE namespaces.id = value),
          (SELECT namespace FROM identities WHERE uuid = value)) AS name FROM json_each(${JSON.stringify(ids)})`,
    );
    return new Map(rows.flatMap(({ id, name }) => (name === null ? [] : [[id, name] as const])));
  }

  async sweepReplaced(before: number): Promise<void> {
    await this.#run(
      sql`DELETE FROM identities WHERE uuid IN
        (SELECT uuid FROM identities WHERE replaced_by IS NOT NULL AND ends < ${before} LIMIT ${MAX_SWEPT})`,
    );
  }

  /** Whether the subject has another key of this name to the namespace. */
  async #hasNamed({ id, subject, namespace }: RegisteredKey, name: string): Promise<boolean> {
    const rows = await this.#rows(
      sql`SELECT 1 FROM identities WHERE subject = ${subject} AND namespace = ${namespace} AND name = ${name}
        AND uuid <> ${id} AND replaced_by IS NULL`,
    );
    return rows.length > 0;
  }

  async #keyRows({ subject, namespace }: KeyFilter, { after, limit }: PageWish): Promise<RegistryPage<KeyRow>> {
    const [, created = "0", id = ""] = /^(\d{1,15})\.(.*)$/s.exec(after) ?? [];
    const rows = await this.#found(
      sql`${subject === undefined ? sql`1` : sql`identities.subject = ${subject}`}
        AND ${namespace === undefined ? sql`1` : sql`identities.namespace = ${namespace}`}
        AND (identities.created, identities.uuid) > (${Number(created)}, ${id})
        ORDER BY identities.created, identities.uuid LIMIT ${limit + 1}`,
    );
    return pageOf(rows, limit, ({ created, id }) => `${created}.${id}`);
  }

  #found(where: SqlPiece): Promise<KeyRow[]> {
    return this.#rows<KeyRow>({ text: `SELECT ${KEY} WHERE ${where.text}`, values: where.values });
  }

  async #namespaces(where: SqlPiece): Promise<RegisteredNamespace[]> {
    const rows = await this.#rows<NamespaceRow>({
      text: `SELECT ${NAMESPACE} WHERE ${where.text}`,
      values: where.values,
    });
    return rows.map(({ name, id, former, records, limits, open, ...counts }) => ({
      ...counts,
      namespace: namespaceOf({ name, id, former, records }),
      open: open !== 0,
      limits: JSON.parse(limits) as NamespaceLimits,
    }));
  }

  #rows<T>(piece: SqlPiece): Promise<T[]> {
    return rowsOf<T>(this.#database, piece);
  }

  /** Rows changed. */
  async #run(piece: SqlPiece): Promise<number> {
    return (await this.#change(piece)).meta.changes;
  }

  /** A statement that changes something is a transaction, so that its author may be known. */
  async #change<T>(piece: SqlPiece): Promise<D1Result<T>> {
    const [result] = await this.#database.batch<T>([prepared(this.#database, piece)]);
    if (result === undefined) throw new Error("the database answers fewer statements than it was asked");
    return result;
  }
}

/** Whether somebody owns the namespace for as long as the key of this row of `identities` does,
 * or that does not own it now. */
function ownedWithout(now: number): SqlPiece {
  return sql`(identities.role <> 'owner' OR identities.scope IS NOT NULL OR identities.replaced_by IS NOT NULL
    OR coalesce(identities.ends, ${NEVER}) <= ${now} OR EXISTS (
      SELECT 1 FROM identities AS other JOIN subjects ON subjects.subject = other.subject
      WHERE other.namespace = identities.namespace AND other.uuid <> identities.uuid AND other.role = 'owner'
        AND other.scope IS NULL AND other.replaced_by IS NULL AND subjects.blocked = 0
        AND coalesce(other.ends, ${NEVER}) >= coalesce(identities.ends, ${NEVER})))`;
}

function keyOf({ lookup: _, sealed: __, blocked, scope, ...row }: KeyRow): RegisteredKey {
  return { ...row, blocked: blocked !== 0, scope: scope === null ? null : (JSON.parse(scope) as Scope) };
}

function namespaceOf({
  name,
  id,
  former,
  records,
}: Pick<NamespaceRow, "name" | "id" | "former" | "records">): Namespace {
  const others = JSON.parse(former) as string[];
  return {
    ...{ name, uuid: id },
    ...(others.length === 0 ? {} : { former: others }),
    ...(records ? { records } : {}),
  };
}

/** Of one row more than are shown. */
function pageOf<T>(rows: T[], limit: number, place: (item: T) => string): RegistryPage<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? place(last) : null };
}
