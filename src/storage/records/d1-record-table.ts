// Activation records in D1. A batch is one statement with one parameter,
// since D1 takes a hundred of them and two megabytes each.

import type { ActivationRecord } from "../../entities/activation.ts";
import type { ActivationId } from "../../entities/activation-id.ts";
import { checksumOf } from "../../entities/checksum.ts";
import { isWhole, type KeptRecord, type RecordFilter, type RecordKey, UNCHECKED } from "../../entities/kept-record.ts";
import type { NotedSearch } from "../../entities/record-search.ts";
import type { RecordTable } from "../record-table.ts";
import { countRecords } from "./d1-record-counts.ts";
import { DISCOUNT } from "./d1-record-usage.ts";

/** Characters of one parameter: in UTF-8 it may be three times as long, and six where all of it is escaped. */
const MAX_PARAMETER = 300_000;
/** Rows of one answer whose records may be long, and characters after which no more are asked for. */
const PAGE = 200;
const MAX_LISTED = 16 * 1024 * 1024;
const COLUMNS = [
  "id",
  "list_name",
  "start",
  "ended",
  "duration",
  "namespace",
  "subject",
  "kind",
  "cause",
  "status_code",
];
const INSERT = `INSERT INTO records (namespace_id, ${COLUMNS.join(", ")}, checksum, record)
  SELECT ?1, ${[...COLUMNS, "checksum", "record"].map((_, at) => `value ->> ${at}`).join(", ")} FROM json_each(?2) WHERE true
  ON CONFLICT (id) DO NOTHING`;
const AMONG = "id IN (SELECT value FROM json_each(?1))";
/** With the plus no index is sought for the namespace: SQLite would look at all of its records for those few ids. */
const AMONG_OF_ONE = `${AMONG} AND +namespace_id = ?2`;
const COUNT_PRUNED = `INSERT INTO pruned (namespace_id, records, latest)
  SELECT namespace_id, count(*), max(start) FROM records WHERE ${AMONG} GROUP BY namespace_id
  ON CONFLICT (namespace_id) DO UPDATE
    SET records = records + excluded.records, latest = max(latest, excluded.latest)`;
const PRUNE = `DELETE FROM records WHERE ${AMONG}`;
/** Of these ids (?1, JSON) those of one namespace (?2). */
export const REMOVE = `DELETE FROM records WHERE ${AMONG_OF_ONE}`;
const KEPT = "id, start, list_name AS name, record AS text, checksum AS sum";

/** Records as rows of one D1 database, found by id, by (namespace, start) and by (namespace, name, start). */
export class D1RecordTable implements RecordTable {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async put(namespaceId: string, records: readonly KeptRecord[]): Promise<number> {
    if (records.length === 0) return 0;
    const statements = parametersOf(records).map((rows) => this.#db.prepare(INSERT).bind(namespaceId, rows));
    const done = await this.#db.batch(statements);
    return done.at(-1)?.meta.size_after ?? 0;
  }

  async bytes(): Promise<number> {
    const { meta } = await this.#db.prepare("SELECT 1 AS one").run();
    return meta.size_after ?? 0;
  }

  async prune(count: number): Promise<string[]> {
    const asked = `SELECT id, ${blobIn("result")} AS result, ${blobIn("logs")} AS logs FROM records ORDER BY rowid LIMIT ?`;
    const { results } = await this.#db
      .prepare(asked)
      .bind(count)
      .all<{ id: string; result: string | null; logs: string | null }>();
    const ids = JSON.stringify(results.map((each) => each.id));
    const counted = [COUNT_PRUNED, PRUNE].map((text) => this.#db.prepare(text).bind(ids));
    await this.#db.batch([this.#db.prepare(DISCOUNT).bind(ids, null), ...counted]);
    return results.flatMap(({ id, result, logs }) =>
      [result, logs].filter((key): key is string => key?.includes(`/${id}/`) === true),
    );
  }

  async get(namespaceId: string, id: ActivationId): Promise<KeptRecord | null> {
    const asked = `SELECT ${KEPT} FROM records WHERE id = ? AND namespace_id = ?`;
    return this.#db.prepare(asked).bind(id, namespaceId).first<KeptRecord>();
  }

  async list(
    namespaceId: string,
    filter: RecordFilter,
    limit: number,
  ): Promise<{ records: KeptRecord[]; more: boolean }> {
    const records: KeptRecord[] = [];
    let characters = 0;
    let rest = filter;
    while (records.length < limit) {
      if (characters > MAX_LISTED) return { records, more: true };
      const page = Math.min(PAGE, limit - records.length);
      const { where, bindings } = condition(namespaceId, rest);
      const asked = `SELECT ${KEPT} FROM records WHERE ${where} ORDER BY start DESC, id DESC LIMIT ?`;
      const { results } = await this.#db
        .prepare(asked)
        .bind(...bindings, page)
        .all<KeptRecord>();
      for (const each of results) {
        records.push(each);
        characters += each.text.length;
      }
      if (results.length < page) return { records, more: false };
      rest = { ...filter, after: results.at(-1)! };
    }
    return { records, more: true };
  }

  async keys(namespaceId: string, filter: RecordFilter, limit: number): Promise<RecordKey[]> {
    const { where, bindings } = condition(namespaceId, filter);
    const asked = `SELECT id, start FROM records WHERE ${where} ORDER BY start DESC, id DESC LIMIT ?`;
    const { results } = await this.#db
      .prepare(asked)
      .bind(...bindings, limit)
      .all<{ id: string; start: number }>();
    return results;
  }

  async sift(
    namespaceId: string,
    filter: RecordFilter,
    { noted, limit, most }: { noted: NotedSearch; limit: number; most: number },
  ): Promise<{ records: KeptRecord[]; end: RecordKey | null; looked: number }> {
    const { where, bindings } = condition(namespaceId, filter);
    const order = "ORDER BY start DESC, id DESC LIMIT ?";
    // By the index alone: how far it is looked. A start has fifteen digits there, so that texts compare as places do.
    const asked = `SELECT count(*) AS looked, min(printf('%015d', start) || id) AS last
      FROM (SELECT start, id FROM records WHERE ${where} ${order})`;
    const { looked = 0, last = null } =
      (await this.#db
        .prepare(asked)
        .bind(...bindings, most)
        .first<{ looked: number; last: string | null }>()) ?? {};
    if (last === null) return { records: [], end: null, looked };
    const until = { start: Number(last.slice(0, 15)), id: last.slice(15) };
    const sieve = sieveOf(noted);
    const { results } = await this.#db
      .prepare(`SELECT ${KEPT} FROM records WHERE ${where} AND (start, id) >= (?, ?) AND ${sieve.where} ${order}`)
      .bind(...bindings, until.start, until.id, ...sieve.bindings, limit)
      .all<KeptRecord>();
    const reached = results.at(-1);
    if (reached !== undefined && results.length === limit)
      return { records: results, end: { start: reached.start, id: reached.id }, looked };
    return { records: results, end: looked < most ? null : until, looked };
  }

  async count(namespaceId: string, filter: RecordFilter): Promise<number> {
    if (filter.after === undefined) return countRecords(this.#db, namespaceId, { filter, now: Date.now() });
    const { where, bindings } = condition(namespaceId, filter);
    const row = await this.#db
      .prepare(`SELECT count(*) AS n FROM records WHERE ${where}`)
      .bind(...bindings)
      .first<{ n: number }>();
    return row?.n ?? 0;
  }

  async ofShard(
    namespaceId: string,
    { shard, after, limit }: { shard: string; after: RecordKey; limit: number },
  ): Promise<KeptRecord[]> {
    const asked = `SELECT ${KEPT} FROM records WHERE namespace_id = ? AND (start, id) > (?, ?) AND substr(id, 13, 2) = ?
      ORDER BY start, id LIMIT ?`;
    const { results } = await this.#db
      .prepare(asked)
      .bind(namespaceId, after.start, after.id, shard, limit)
      .all<KeptRecord>();
    return results;
  }

  async remove(namespaceId: string, ids: readonly ActivationId[]): Promise<void> {
    const values = [JSON.stringify(ids), namespaceId];
    await this.#db.batch([DISCOUNT, REMOVE].map((statement) => this.#db.prepare(statement).bind(...values)));
  }

  async having(namespaceId: string, ids: readonly ActivationId[]): Promise<{ id: ActivationId; start: number }[]> {
    if (ids.length === 0) return [];
    const { results } = await this.#db
      .prepare(`SELECT id, start FROM records WHERE ${AMONG_OF_ONE}`)
      .bind(JSON.stringify(ids), namespaceId)
      .all<{ id: string; start: number }>();
    return results;
  }
}

/** JSON arrays of rows, each short enough for one parameter. */
export function parametersOf(records: readonly KeptRecord[]): string[] {
  const parameters: string[] = [];
  let rows: string[] = [];
  let characters = 0;
  for (const record of records) {
    const row = JSON.stringify(rowOf(record));
    if (rows.length > 0 && characters + row.length > MAX_PARAMETER) {
      parameters.push(`[${rows.join()}]`);
      rows = [];
      characters = 0;
    }
    rows.push(row);
    characters += row.length;
  }
  if (rows.length > 0) parameters.push(`[${rows.join()}]`);
  return parameters;
}

function rowOf(record: KeptRecord): (string | number | null)[] {
  const { id, start, name, text, sum } = record;
  const { ended, duration, namespace, subject, kind, cause, statusCode } = columnsOf(record);
  const checksum = sum === UNCHECKED ? checksumOf(text) : sum;
  return [id, name, start, ended, duration, namespace, subject, kind, cause, statusCode, checksum, text];
}

interface Columns {
  ended: number | null;
  duration: number | null;
  namespace: string | null;
  subject: string | null;
  kind: string | null;
  cause: string | null;
  statusCode: number | null;
}

const UNREADABLE: Columns = {
  ...{ ended: null, duration: null, namespace: null, subject: null, kind: null, cause: null, statusCode: null },
};

/** One that cannot be read goes to the database as well: its id is a promise, and it must not hold up the rest. */
function columnsOf(kept: KeptRecord): Columns {
  if (!isWhole(kept)) return UNREADABLE;
  try {
    const record = JSON.parse(kept.text) as Partial<ActivationRecord>;
    const { end, duration, namespace, subject, cause, statusCode, annotations } = record;
    const hasEnd = end !== undefined && end > 0;
    return {
      ...{
        ended: hasEnd ? end : null,
        duration: hasEnd ? (duration ?? null) : null,
        kind: kindIn(annotations ?? "[]"),
      },
      ...{ namespace: namespace ?? null, subject: subject ?? null, cause: cause ?? null },
      statusCode: statusCode ?? null,
    };
  } catch {
    return UNREADABLE;
  }
}

function kindIn(annotations: string): string | null {
  const list = JSON.parse(annotations) as { key: string; value: unknown }[];
  const kind = list.find((each) => each.key === "kind")?.value;
  return typeof kind === "string" ? kind : null;
}

function blobIn(part: "result" | "logs"): string {
  return `iif(json_valid(record), record ->> '$.${part}.blob', NULL)`;
}

function condition(namespaceId: string, filter: RecordFilter): { where: string; bindings: (string | number)[] } {
  const parts = ["namespace_id = ?"];
  const bindings: (string | number)[] = [namespaceId];
  const add = (part: string, ...values: (string | number)[]): void => {
    parts.push(part);
    bindings.push(...values);
  };
  const { name, since, upto, after } = filter;
  if (name !== undefined) add("list_name = ?", name);
  if (since !== undefined) add("start >= ?", since);
  if (upto !== undefined) add("start <= ?", upto);
  if (after !== undefined) add("(start, id) < (?, ?)", after.start, after.id);
  return { where: parts.join(" AND "), bindings };
}

/** Of a row whose record could not be read, nothing is noted. */
function sieveOf({ kind, status, minDuration, maxDuration, cause }: NotedSearch): {
  where: string;
  bindings: (string | number)[];
} {
  const parts: string[] = [];
  const bindings: (string | number)[] = [];
  const add = (part: string, ...values: (string | number)[]): void => {
    parts.push(`(${part})`);
    bindings.push(...values);
  };
  if (kind !== undefined) add("kind IS NULL OR kind = ? OR substr(kind, 1, ?) = ?", kind, kind.length + 1, `${kind}:`);
  if (status !== undefined) add(`status_code IS NULL OR status_code ${status === "success" ? "=" : "<>"} 0`);
  if (minDuration !== undefined) add("duration IS NULL OR duration >= ?", minDuration);
  if (maxDuration !== undefined) add("duration IS NULL OR duration <= ?", maxDuration);
  if (cause !== undefined) add("status_code IS NULL OR cause = ?", cause);
  return { where: parts.length === 0 ? "1" : parts.join(" AND "), bindings };
}
