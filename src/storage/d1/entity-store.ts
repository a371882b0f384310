// Entities in D1. A row keeps what fits; a longer document or summary lies in the blob store and the row names it.
// A write and the bookkeeping of the blobs it replaces are one transaction.

import { and, count, desc, eq, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { parseBlobKey, withSize } from "../blob-name.ts";
import type { BlobStore } from "../blob-store.ts";
import type {
  Change,
  EntityKey,
  EntityQuery,
  EntityStore,
  ListedEntity,
  NewEntity,
  PutResult,
  RemoveResult,
  StoredEntity,
} from "../entity-store.ts";
import { entities, garbage } from "./schema.ts";

/** Bytes of a document that stay in the row; D1 takes rows of 2 MB. */
const MAX_DOCUMENT = 1_500_000;
/** Bytes of a list item that stay in the row: a page of 200 is read at once. */
const MAX_SUMMARY = 16 * 1024;
const SWEEP_BATCH = 100;
/** A reader may hold a row whose document was replaced and swept meanwhile; it reads again. */
const READ_TRIES = 3;

type Row = typeof entities.$inferInsert;

/** Entities as rows of D1; documents and summaries that are too long for a row lie in the blob store. */
export class D1EntityStore implements EntityStore {
  readonly #db: DrizzleD1Database;
  readonly #blobs: BlobStore;

  constructor(database: D1Database, blobs: BlobStore) {
    this.#db = drizzle(database);
    this.#blobs = blobs;
  }

  async get(key: EntityKey): Promise<StoredEntity | null> {
    for (let attempt = 1; ; attempt++) {
      const [row] = await this.#db.select().from(entities).where(at(key)).limit(1);
      if (row === undefined) return null;
      const document = row.document ?? (row.documentBlob === null ? null : await this.#blobs.text(row.documentBlob));
      if (document !== null) {
        const { path, name, type, revision, updated } = row;
        return { path, name, type, revision, updated, document };
      }
      if (attempt < READ_TRIES) continue;
      const reason = `the document of ${key.path}/${key.name} is not in the blob store, or damaged there`;
      if (row.type !== "action") throw new Error(reason);
      console.error(reason);
      const { path, name, type, revision, updated } = row;
      return { path, name, type, revision, updated, document: "" };
    }
  }

  async reserve(blob: string): Promise<void> {
    await this.#db
      .insert(garbage)
      .values({ blob: parseBlobKey(blob).name, since: Date.now() })
      .onConflictDoNothing();
  }

  async put(entity: NewEntity, options: { expected: string | null; package?: EntityKey }): Promise<PutResult> {
    const row = await this.#rowOf(entity);
    const { expected, package: container } = options;
    if (expected === null) {
      const [written] = await this.#db.batch(this.#add(row, container === undefined ? ALWAYS : isPackage(container)));
      return { kind: written.length === 1 ? "written" : "conflict" };
    }
    const [, written] = await this.#db.batch(this.#replace(row, { expected, when: ALWAYS }));
    return { kind: written.length === 1 ? "written" : "conflict" };
  }

  /** The first write finds out whether all will do; the others follow if it was made. */
  async putTogether(put: NewEntity, options: { expected: string; with: readonly Change[] }): Promise<PutResult> {
    const row = await this.#rowOf(put);
    const others = options.with.map((each) => isAt("put" in each ? each.put : each.delete, each.expected));
    const when = isAt(put, put.revision);
    const rest: BatchItem<"sqlite">[] = [];
    for (const each of options.with) {
      const { expected } = each;
      if ("delete" in each) rest.push(...this.#remove(each.delete, { expected: each.expected, when }));
      else if (expected === null) rest.push(...this.#add(await this.#rowOf(each.put), when));
      else rest.push(...this.#replace(await this.#rowOf(each.put), { expected, when }));
    }
    const first = this.#replace(row, { expected: options.expected, when: sql.join([ALWAYS, ...others], sql` AND `) });
    const [, written] = await this.#db.batch([...first, ...rest]);
    return { kind: written.length === 1 ? "written" : "conflict" };
  }

  async delete(key: EntityKey, options: { expected: string }): Promise<PutResult> {
    const [, gone] = await this.#db.batch(this.#remove(key, { ...options, when: ALWAYS }));
    return { kind: gone.length === 1 ? "written" : "conflict" };
  }

  async removePackage(key: EntityKey, options: { expected: string; force: boolean }): Promise<RemoveResult> {
    const { expected, force } = options;
    const inside = `${key.path}/${key.name}`;
    const contents = eq(entities.path, inside);
    const doomed = sql`EXISTS (SELECT 1 FROM entities AS package WHERE package.path = ${key.path}
      AND package.name = ${key.name} AND package.revision = ${expected})
      AND ${force ? sql`1` : sql`NOT EXISTS (SELECT 1 FROM entities AS content WHERE content.path = ${inside})`}`;
    const now = Date.now();
    const [found, , , gone] = await this.#db.batch([
      this.#db.select({ n: count() }).from(entities).where(contents),
      this.#db
        .insert(garbage)
        .select(
          sql`SELECT DISTINCT owned.value, ${now} FROM entities, json_each(entities.blobs) AS owned
            WHERE (entities.path = ${inside} OR (entities.path = ${key.path} AND entities.name = ${key.name})) AND ${doomed}`,
        )
        .onConflictDoUpdate({ target: garbage.blob, set: { since: now } }),
      this.#db.delete(entities).where(and(contents, doomed)),
      this.#db
        .delete(entities)
        .where(and(at(key), doomed))
        .returning({ name: entities.name }),
    ]);
    if (gone.length === 1) return { kind: "written" };
    const held = found[0]?.n ?? 0;
    return held > 0 && !force ? { kind: "not-empty", count: held } : { kind: "conflict" };
  }

  async list(query: EntityQuery & { limit: number; skip: number }): Promise<ListedEntity[]> {
    const { path, name, type, revision, updated, summary, summaryBlob } = entities;
    const rows = await this.#db
      .select({ path, name, type, revision, updated, summary, summaryBlob })
      .from(entities)
      .where(within(query))
      .orderBy(desc(updated), path, name)
      .limit(query.limit)
      .offset(query.skip);
    return rows.map(({ summary: inline, summaryBlob: blob, ...row }) => ({
      ...row,
      summary: blob === null ? { inline: inline ?? "{}" } : { blob },
    }));
  }

  async count(query: EntityQuery): Promise<number> {
    const [row] = await this.#db.select({ n: count() }).from(entities).where(within(query));
    return row?.n ?? 0;
  }

  async sweep(before: number): Promise<number> {
    const due = await this.#db
      .select({ blob: garbage.blob })
      .from(garbage)
      .where(lt(garbage.since, before))
      .orderBy(garbage.since)
      .limit(SWEEP_BATCH);
    const keys = due.map((row) => row.blob);
    if (keys.length === 0) return 0;
    await this.#blobs.delete(keys);
    await this.#db.delete(garbage).where(inArray(garbage.blob, keys));
    return keys.length;
  }

  /** A row under a free name. */
  #add(row: Row, when: SQL) {
    const insert = this.#db.insert(entities).select(
      sql`SELECT ${row.path}, ${row.name}, ${row.namespace}, ${row.type}, ${row.revision}, ${row.updated}, ${row.document},
        ${row.documentBlob}, ${row.summary}, ${row.summaryBlob}, ${row.blobs}, ${row.shared} WHERE ${when}`,
    );
    return [insert.onConflictDoNothing().returning({ name: entities.name }), this.#adopt(row)] as const;
  }

  #replace(row: Row, { expected, when }: { expected: string; when: SQL }) {
    const update = this.#db
      .update(entities)
      .set(row)
      .where(and(at(row), eq(entities.revision, expected), when));
    const discard = this.#discard(row, { expected, when, keep: row.blobs });
    return [discard, update.returning({ name: entities.name }), this.#adopt(row)] as const;
  }

  #remove(key: EntityKey, { expected, when }: { expected: string; when: SQL }) {
    const remove = this.#db.delete(entities).where(and(at(key), eq(entities.revision, expected), when));
    const discard = this.#discard(key, { expected, when, keep: "[]" });
    return [discard, remove.returning({ name: entities.name })] as const;
  }

  async #rowOf(entity: NewEntity): Promise<Row> {
    const { path, name, type, revision, updated, document, summary } = entity;
    const documentBlob = await this.#spill(document, MAX_DOCUMENT);
    const summaryBlob = await this.#spill(summary, MAX_SUMMARY);
    const blobs = [...entity.blobs, documentBlob, summaryBlob].filter((each) => each !== null);
    return {
      path,
      name,
      namespace: path.split("/", 1)[0] ?? path,
      type,
      revision,
      updated,
      document: documentBlob === null ? document : null,
      documentBlob,
      summary: summaryBlob === null ? summary : null,
      summaryBlob,
      blobs: JSON.stringify(blobs.map((key) => parseBlobKey(key).name)),
      shared: entity.shared === true ? 1 : 0,
    };
  }

  async #spill(text: string, max: number): Promise<string | null> {
    if (text.length * 3 <= max) return null;
    const bytes = new TextEncoder().encode(text);
    if (bytes.length <= max) return null;
    const key = `entity/${crypto.randomUUID()}`;
    await this.reserve(key);
    await this.#blobs.put(key, bytes);
    return withSize(key, bytes.length);
  }

  /** Marks what the replaced revision owned and its successor does not. */
  #discard(key: EntityKey, options: { expected: string; when: SQL; keep: string }) {
    const now = Date.now();
    return this.#db
      .insert(garbage)
      .select(
        sql`SELECT owned.value, ${now} FROM entities, json_each(entities.blobs) AS owned
          WHERE entities.path = ${key.path} AND entities.name = ${key.name} AND entities.revision = ${options.expected}
            AND owned.value NOT IN (SELECT value FROM json_each(${options.keep})) AND ${options.when}`,
      )
      .onConflictDoUpdate({ target: garbage.blob, set: { since: now } });
  }

  /** Takes what this row owns off the list, if the row was written. */
  #adopt(row: Row) {
    return this.#db.delete(garbage).where(
      sql`${garbage.blob} IN (SELECT owned.value FROM entities, json_each(entities.blobs) AS owned
        WHERE entities.path = ${row.path} AND entities.name = ${row.name} AND entities.revision = ${row.revision})`,
    );
  }
}

const ALWAYS = sql`1`;

/** Whether the name has this revision, or is free. */
function isAt(key: EntityKey, revision: string | null): SQL {
  const found = sql`SELECT 1 FROM entities AS other WHERE other.path = ${key.path} AND other.name = ${key.name}`;
  return revision === null ? sql`NOT EXISTS (${found})` : sql`EXISTS (${found} AND other.revision = ${revision})`;
}

function isPackage(key: EntityKey): SQL {
  return sql`EXISTS (SELECT 1 FROM entities AS package WHERE package.path = ${key.path} AND package.name = ${key.name}
    AND package.type = 'package')`;
}

function at(key: EntityKey): SQL | undefined {
  return and(eq(entities.path, key.path), eq(entities.name, key.name));
}

function within(query: EntityQuery): SQL | undefined {
  const place = query.deep ? eq(entities.namespace, query.path) : eq(entities.path, query.path);
  return and(place, eq(entities.type, query.type), query.shared === true ? eq(entities.shared, 1) : undefined);
}
