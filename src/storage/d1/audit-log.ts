// The audit log in D1: what the triggers of its migration do not write, and reading.

import type { Act, AuditFilter, AuditLine, AuditResult, Via } from "../../entities/audit.ts";
import type { AuditLog } from "../audit-log.ts";
import { allOf, prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

/** Lines that one page looks at for what no index finds. */
const LOOKED_AT = 10_000;
const MAX_DROPPED = 10_000;

interface Row extends Omit<AuditLine, "detail" | "via" | "result"> {
  place: number;
  via: Via;
  result: AuditResult;
  detail: string;
}

type Place = [at: number, place: number];

const LINE = sql`SELECT rowid AS place, at, via, subject, key_id AS keyId, key_name AS keyName, source, transaction_id AS transactionId,
  request, namespace, act, target, result, detail, count FROM audit`;

export class D1AuditLog implements AuditLog {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async begin(act: Omit<Act, "result" | "detail">): Promise<string> {
    const [row] = await rowsOf<{ place: number }>(
      this.#database,
      sql`${insert({ ...act, result: "begun", detail: {} }, sql`1`)} RETURNING rowid AS place`,
    );
    if (row === undefined) throw new Error("no line of the audit log was written");
    return String(row.place);
  }

  async end(line: string, result: "done" | "failed" | "refused"): Promise<void> {
    const mine = sql`WHERE rowid = ${Number(line)} AND result = 'begun'`;
    await this.#run(
      result === "refused" ? sql`DELETE FROM audit ${mine}` : sql`UPDATE audit SET result = ${result} ${mine}`,
    );
  }

  async refuse(act: Act, { minute, max }: { minute: number; max: number }): Promise<boolean> {
    const { via, keyId } = act.author;
    const known = sql`SELECT count(*) FROM audit
      WHERE via = ${via} AND key_id = ${keyId} AND at >= ${minute} AND result = 'refused'`;
    const written = await rowsOf(this.#database, sql`${insert(act, sql`(${known}) < ${max}`)} RETURNING rowid`);
    return written.length > 0;
  }

  async count(
    { via, subject, keyId }: Act["author"],
    { minute, count }: { minute: number; count: number },
  ): Promise<void> {
    await this.#run(sql`INSERT INTO audit (at, via, subject, key_id, key_name, source, transaction_id, request, namespace, act, target,
        result, detail, count)
      VALUES (${minute}, ${via}, ${subject}, ${keyId}, ${nameOf(keyId)}, '', '', '', '', '', '', 'counted', '{}', ${count})
      ON CONFLICT (via, key_id, at) WHERE result = 'counted' DO UPDATE SET count = audit.count + excluded.count`);
  }

  async note(act: Act): Promise<void> {
    await this.#run(insert(act, sql`1`));
  }

  async page(filter: AuditFilter, { after, limit }: { after: string; limit: number }): ReturnType<AuditLog["page"]> {
    const found = allOf([...foundByIndex(filter), ...(after === "" ? [] : [isBefore(placeOf(after))])]);
    const looked = lookedFor(filter);
    const end = looked.length === 0 ? null : await this.#place(found, LOOKED_AT - 1);
    const within = end === null ? found : sql`${found} AND (at, rowid) >= (${end[0]}, ${end[1]})`;
    const rows = await rowsOf<Row>(
      this.#database,
      sql`${LINE} WHERE ${allOf([within, ...looked])} ORDER BY at DESC, rowid DESC LIMIT ${limit + 1}`,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next: Place | null = rows.length > limit && last !== undefined ? [last.at, last.place] : end;
    return { items: shown.map(lineOf), next: next === null ? null : next.join(".") };
  }

  async drop({ before, most }: { before: number; most: number }): Promise<number> {
    const old = [
      sql`SELECT rowid FROM audit WHERE at < ${before} ORDER BY at LIMIT ${MAX_DROPPED}`,
      sql`SELECT rowid FROM audit WHERE rowid <= (SELECT max(rowid) FROM audit) - ${most} ORDER BY rowid LIMIT ${MAX_DROPPED}`,
    ];
    let gone = 0;
    for (const each of old) gone += await this.#run(sql`DELETE FROM audit WHERE rowid IN (${each})`);
    return gone;
  }

  async #place(where: SqlPiece, skip: number): Promise<Place | null> {
    const [row] = await rowsOf<{ at: number; place: number }>(
      this.#database,
      sql`SELECT at, rowid AS place FROM audit WHERE ${where} ORDER BY at DESC, rowid DESC LIMIT 1 OFFSET ${skip}`,
    );
    return row === undefined ? null : [row.at, row.place];
  }

  /** Rows changed. */
  async #run(piece: SqlPiece): Promise<number> {
    return (await prepared(this.#database, piece).run()).meta.changes;
  }
}

function insert({ author, namespace, act, target, result, detail }: Act, when: SqlPiece): SqlPiece {
  const { via, subject, keyId, source, transactionId, request } = author;
  return sql`INSERT INTO audit (at, via, subject, key_id, key_name, source, transaction_id, request, namespace, act, target, result, detail)
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), ${via}, ${subject}, ${keyId}, ${nameOf(keyId)}, ${source}, ${transactionId},
      ${request}, ${namespace}, ${act}, ${target}, ${result}, ${JSON.stringify(detail)} WHERE ${when}`;
}

function nameOf(keyId: string): SqlPiece {
  return sql`coalesce((SELECT name FROM identities WHERE uuid = ${keyId}), '')`;
}

function foundByIndex({ since, until, subject, namespace }: AuditFilter): SqlPiece[] {
  return [
    ...(since === undefined ? [] : [sql`at >= ${since}`]),
    ...(until === undefined ? [] : [sql`at < ${until}`]),
    ...(subject === undefined ? [] : [sql`subject = ${subject}`]),
    ...(namespace === undefined ? [] : [sql`namespace = ${namespace}`]),
  ];
}

/** Of each line. */
function lookedFor({ key, act, result }: AuditFilter): SqlPiece[] {
  return [
    ...(key === undefined ? [] : [sql`key_id = ${key}`]),
    ...(act === undefined ? [] : [sql`(act = ${act} OR (act > ${`${act}.`} AND act < ${`${act}/`}))`]),
    ...(result === undefined ? [] : [sql`result = ${result}`]),
  ];
}

function isBefore([at, place]: Place): SqlPiece {
  return sql`(at, rowid) < (${at}, ${place})`;
}

/** What is no place is before everything: nothing comes after it. */
function placeOf(after: string): Place {
  const [, at = "0", place = "0"] = /^(\d{1,15})\.(\d{1,15})$/.exec(after) ?? [];
  return [Number(at), Number(place)];
}

function lineOf({ place: _, detail, ...line }: Row): AuditLine {
  return { ...line, detail: JSON.parse(detail) as AuditLine["detail"] };
}
