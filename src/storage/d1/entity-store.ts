// Entities in D1. A row keeps what fits; a longer document or summary lies in the blob store and the row names it.
// A write and the bookkeeping of the blobs it replaces are one transaction.

import type { NamesWanted } from "../../entities/scope.ts";
import { log } from "../../log.ts";
import { parseBlobKey, withSize } from "../blob-name.ts";
import type { BlobStore } from "../blob-store.ts";
import type {
  Change,
  EntityKey,
  EntityQuery,
  EntityStore,
  EntityType,
  ListedEntity,
  NewEntity,
  PutResult,
  RemoveResult,
  StoredEntity,
} from "../entity-store.ts";
import { allOf, prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

/** Bytes of a document that stay in the row; D1 takes rows of 2 MB. */
const MAX_DOCUMENT_BYTES = 1_500_000;
/** Bytes of a list item that stay in the row: a page of 200 is read at once. */
const MAX_SUMMARY_BYTES = 16 * 1024;
const SWEEP_BATCH = 100;
/** A reader may hold a row whose document was replaced and swept meanwhile; it reads again. */
const READ_TRIES = 3;

interface Row extends Omit<StoredEntity, "document"> {
  namespace: string;
  document: string | null;
  documentBlob: string | null;
  summary: string | null;
  summaryBlob: string | null;
  blobs: string;
  shared: number;
}

/** Entities as rows of D1; documents and summaries that are too long for a row lie in the blob store. */
export class D1EntityStore implements EntityStore {
  readonly #database: SqlDatabase;
  readonly #blobs: BlobStore;

  constructor(database: SqlDatabase, blobs: BlobStore) {
    this.#database = database;
    this.#blobs = blobs;
  }

  async get(key: EntityKey): Promise<StoredEntity | null> {
    for (let attempt = 1; ; attempt++) {
      const [row] = await rowsOf<Omit<Row, "namespace" | "summary" | "summaryBlob" | "blobs" | "shared">>(
        this.#database,
        sql`SELECT path, name, type, revision, updated, document, document_blob AS documentBlob FROM entities
          WHERE ${at(key)}`,
      );
      if (row === undefined) return null;
      const document = row.document ?? (row.documentBlob === null ? null : await this.#blobs.text(row.documentBlob));
      if (document !== null) {
        const { path, name, type, revision, updated } = row;
        return { path, name, type, revision, updated, document };
      }
      if (attempt < READ_TRIES) continue;
      const reason = `the document of ${key.path}/${key.name} is not in the blob store, or damaged there`;
      if (row.type !== "action") throw new Error(reason);
      log.error("document-damaged", { text: reason });
      const { path, name, type, revision, updated } = row;
      return { path, name, type, revision, updated, document: "" };
    }
  }

  async reserve(blob: string): Promise<void> {
    const insert = sql`INSERT INTO garbage (blob, since) VALUES (${parseBlobKey(blob).name}, ${Date.now()})
      ON CONFLICT DO NOTHING`;
    await prepared(this.#database, insert).run();
  }

  async put(entity: NewEntity, options: { expected: string | null; package?: EntityKey }): Promise<PutResult> {
    const row = await this.#rowOf(entity);
    const { expected, package: container } = options;
    if (expected === null) {
      return this.#write(add(row, container === undefined ? ALWAYS : isPackage(container)));
    }
    return this.#write(replace(row, { expected, when: ALWAYS }));
  }

  /** The first write finds out whether all will do; the others follow if it was made. */
  async putTogether(put: NewEntity, options: { expected: string; with: readonly Change[] }): Promise<PutResult> {
    const row = await this.#rowOf(put);
    const others = options.with.map((each) => isAt("put" in each ? each.put : each.delete, each.expected));
    const when = isAt(put, put.revision);
    const rest: SqlPiece[] = [];
    for (const each of options.with) {
      const { expected } = each;
      if ("delete" in each) rest.push(...remove(each.delete, { expected: each.expected, when }).all);
      else if (expected === null) rest.push(...add(await this.#rowOf(each.put), when).all);
      else rest.push(...replace(await this.#rowOf(each.put), { expected, when }).all);
    }
    const first = replace(row, { expected: options.expected, when: allOf(others) });
    return this.#write({ ...first, all: [...first.all, ...rest] });
  }

  async delete(key: EntityKey, options: { expected: string }): Promise<PutResult> {
    return this.#write(remove(key, { ...options, when: ALWAYS }));
  }

  async removePackage(key: EntityKey, options: { expected: string; force: boolean }): Promise<RemoveResult> {
    const { expected, force } = options;
    const inside = `${key.path}/${key.name}`;
    const isEmpty = sql`NOT EXISTS (SELECT 1 FROM entities AS content WHERE content.path = ${inside})`;
    const goes = sql`${isAt(key, expected)} AND ${force ? ALWAYS : isEmpty}`;
    const now = Date.now();
    const statements = [
      sql`SELECT count(*) AS n FROM entities WHERE path = ${inside}`,
      sql`INSERT INTO garbage (blob, since)
        SELECT DISTINCT owned.value, ${now} FROM entities, json_each(entities.blobs) AS owned
        WHERE (entities.path = ${inside} OR (entities.path = ${key.path} AND entities.name = ${key.name})) AND ${goes}
        ON CONFLICT (blob) DO UPDATE SET since = excluded.since`,
      sql`DELETE FROM entities WHERE path = ${inside} AND ${goes}`,
      sql`DELETE FROM entities WHERE ${at(key)} AND ${goes} RETURNING name`,
    ];
    const [found, , , gone] = await this.#database.batch<{ n?: number }>(
      statements.map((each) => prepared(this.#database, each)),
    );
    if (gone?.results.length === 1) return { kind: "written" };
    const held = found?.results[0]?.n ?? 0;
    return held > 0 && !force ? { kind: "not-empty", count: held } : { kind: "conflict" };
  }

  async list(query: EntityQuery & { limit: number; skip: number }): Promise<ListedEntity[]> {
    const rows = await rowsOf<Pick<Row, "path" | "name" | "type" | "revision" | "updated" | "summary" | "summaryBlob">>(
      this.#database,
      sql`SELECT path, name, type, revision, updated, summary, summary_blob AS summaryBlob FROM entities
        WHERE ${within(query)} ORDER BY updated DESC, path, name LIMIT ${query.limit} OFFSET ${query.skip}`,
    );
    return rows.map(({ summary: inline, summaryBlob: blob, ...row }) => ({
      ...row,
      summary: blob === null ? { inline: inline ?? "{}" } : { blob },
    }));
  }

  async count(query: EntityQuery): Promise<number> {
    const asked = sql`SELECT count(*) AS n FROM entities WHERE ${within(query)}`;
    return (await prepared(this.#database, asked).first<number>("n")) ?? 0;
  }

  async sweep(before: number): Promise<number> {
    const due = sql`SELECT blob FROM garbage WHERE since < ${before} ORDER BY since LIMIT ${SWEEP_BATCH}`;
    const keys = (await rowsOf<{ blob: string }>(this.#database, due)).map((row) => row.blob);
    if (keys.length === 0) return 0;
    await this.#blobs.delete(keys);
    const gone = sql`DELETE FROM garbage WHERE blob IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`;
    await prepared(this.#database, gone).run();
    return keys.length;
  }

  /** One transaction: written, if that statement of it touched its row. */
  async #write({ all, decides }: Write): Promise<PutResult> {
    const results = await this.#database.batch(all.map((each) => prepared(this.#database, each)));
    return { kind: results[decides]?.results.length === 1 ? "written" : "conflict" };
  }

  async #rowOf(entity: NewEntity): Promise<Row> {
    const { path, name, type, revision, updated, document, summary } = entity;
    const documentBlob = await this.#spill(document, MAX_DOCUMENT_BYTES);
    const summaryBlob = await this.#spill(summary, MAX_SUMMARY_BYTES);
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
}

/** Statements of one transaction, and which of them tells by a row whether it was made. */
interface Write {
  all: readonly SqlPiece[];
  decides: number;
}

const ALWAYS = sql`1`;

/** A row under a free name. */
function add(row: Row, when: SqlPiece): Write {
  const insert = sql`INSERT INTO entities (path, name, namespace, type, revision, updated, document, document_blob, summary,
      summary_blob, blobs, shared)
    SELECT ${row.path}, ${row.name}, ${row.namespace}, ${row.type}, ${row.revision}, ${row.updated}, ${row.document},
      ${row.documentBlob}, ${row.summary}, ${row.summaryBlob}, ${row.blobs}, ${row.shared} WHERE ${when}
    ON CONFLICT DO NOTHING RETURNING name`;
  return { all: [insert, adopt(row)], decides: 0 };
}

function replace(row: Row, { expected, when }: { expected: string; when: SqlPiece }): Write {
  const update = sql`UPDATE entities SET type = ${row.type}, revision = ${row.revision}, updated = ${row.updated},
      document = ${row.document}, document_blob = ${row.documentBlob}, summary = ${row.summary},
      summary_blob = ${row.summaryBlob}, blobs = ${row.blobs}, shared = ${row.shared}
    WHERE ${at(row)} AND revision = ${expected} AND ${when} RETURNING name`;
  return { all: [discard(row, { expected, when, keep: row.blobs }), update, adopt(row)], decides: 1 };
}

function remove(key: EntityKey, { expected, when }: { expected: string; when: SqlPiece }): Write {
  const gone = sql`DELETE FROM entities WHERE ${at(key)} AND revision = ${expected} AND ${when} RETURNING name`;
  return { all: [discard(key, { expected, when, keep: "[]" }), gone], decides: 1 };
}

/** Marks what the replaced revision owned and its successor does not. */
function discard(key: EntityKey, options: { expected: string; when: SqlPiece; keep: string }): SqlPiece {
  return sql`INSERT INTO garbage (blob, since)
    SELECT owned.value, ${Date.now()} FROM entities, json_each(entities.blobs) AS owned
    WHERE entities.path = ${key.path} AND entities.name = ${key.name} AND entities.revision = ${options.expected}
      AND owned.value NOT IN (SELECT value FROM json_each(${options.keep})) AND ${options.when}
    ON CONFLICT (blob) DO UPDATE SET since = excluded.since`;
}

/** Takes what this row owns off the list, if the row was written. */
function adopt(row: Row): SqlPiece {
  return sql`DELETE FROM garbage WHERE blob IN (SELECT owned.value FROM entities, json_each(entities.blobs) AS owned
    WHERE entities.path = ${row.path} AND entities.name = ${row.name} AND entities.revision = ${row.revision})`;
}

/** Whether the name has this revision, or is free. */
function isAt(key: EntityKey, revision: string | null): SqlPiece {
  const found = sql`SELECT 1 FROM entities AS other WHERE other.path = ${key.path} AND other.name = ${key.name}`;
  return revision === null ? sql`NOT EXISTS (${found})` : sql`EXISTS (${found} AND other.revision = ${revision})`;
}

function isPackage(key: EntityKey): SqlPiece {
  return sql`EXISTS (SELECT 1 FROM entities AS package WHERE package.path = ${key.path} AND package.name = ${key.name}
    AND package.type = 'package')`;
}

function at(key: EntityKey): SqlPiece {
  return sql`path = ${key.path} AND name = ${key.name}`;
}

function within({ path, type, deep, shared, names = null }: EntityQuery): SqlPiece {
  const place = deep ? sql`namespace = ${path}` : sql`path = ${path}`;
  const wanted = names === null ? [] : [isNamed(type, names)];
  return allOf([place, sql`type = ${type}`, ...(shared === true ? [sql`shared = 1`] : []), ...wanted]);
}

/** Beginnings are compared as they are: nothing in a name is a pattern of SQL's. */
function isNamed(type: EntityType, { begins, whole }: NamesWanted): SqlPiece {
  // Columns of json_each have such names, too.
  const text = sql`entities.path || '/' || entities.name || ${type === "package" ? "/" : ""}`;
  return sql`(${text} IN (SELECT value FROM json_each(${JSON.stringify(whole)}))
    OR EXISTS (SELECT 1 FROM json_each(${JSON.stringify(begins)}) WHERE substr(${text}, 1, length(value)) = value))`;
}
