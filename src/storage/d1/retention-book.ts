// The retention of records, as rows of D1.

import type { RetentionPolicy } from "../../entities/retention.ts";
import type { RetentionBook, RetentionEntry } from "../retention-book.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

interface Row extends Omit<RetentionEntry, "policy"> {
  policy: string;
}

const MARK = "retention";
const ENTRY = sql`SELECT namespace_id AS namespaceId, policy, kept_from AS keptFrom, due, fault FROM retention`;

/** What is set by one write and read by another never meets in JavaScript: each change is one statement. */
export class D1RetentionBook implements RetentionBook {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async get(namespaceId: string): Promise<RetentionEntry | null> {
    const [row] = await rowsOf<Row>(this.#database, sql`${ENTRY} WHERE namespace_id = ${namespaceId}`);
    return row === undefined ? null : entryOf(row);
  }

  async set(namespaceId: string, policy: RetentionPolicy): Promise<void> {
    const text = JSON.stringify(policy);
    await this.#run(sql`INSERT INTO retention (namespace_id, policy) VALUES (${namespaceId}, ${text})
      ON CONFLICT (namespace_id) DO UPDATE SET policy = excluded.policy, due = 0, fault = NULL`);
  }

  async enroll(namespaceIds: readonly string[]): Promise<void> {
    if (namespaceIds.length === 0) return;
    const ids = JSON.stringify(namespaceIds);
    await this.#run(sql`INSERT INTO retention (namespace_id) SELECT value FROM json_each(${ids}) WHERE true
      ON CONFLICT (namespace_id) DO NOTHING`);
  }

  async due(now: number, limit: number): Promise<RetentionEntry[]> {
    const rows = await rowsOf<Row>(this.#database, sql`${ENTRY} WHERE due <= ${now} ORDER BY due LIMIT ${limit}`);
    return rows.map(entryOf);
  }

  async note(
    namespaceId: string,
    { keptFrom, due, fault }: Pick<RetentionEntry, "keptFrom" | "due" | "fault">,
  ): Promise<void> {
    await this.#run(sql`UPDATE retention SET kept_from = max(kept_from, ${keptFrom}), due = ${due}, fault = ${fault}
      WHERE namespace_id = ${namespaceId}`);
  }

  async reached(): Promise<string> {
    const [row] = await rowsOf<{ value: string }>(
      this.#database,
      sql`SELECT value FROM deployment WHERE name = ${MARK}`,
    );
    return row === undefined ? "" : (JSON.parse(row.value) as string);
  }

  async setReached(name: string): Promise<void> {
    await this.#run(sql`INSERT INTO deployment (name, value) VALUES (${MARK}, ${JSON.stringify(name)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  }

  async #run(piece: SqlPiece): Promise<void> {
    await this.#database.batch([prepared(this.#database, piece)]);
  }
}

function entryOf({ policy, ...row }: Row): RetentionEntry {
  return { ...row, policy: JSON.parse(policy) as RetentionPolicy };
}
