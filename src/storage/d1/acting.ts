// The database for who changes something: each transaction first says who acts, so that the triggers which write the
// audit log know it, and takes that back in the end. Nobody outside of the transaction ever sees it.

import type { Author } from "../../entities/audit.ts";
import { prepared, type SqlDatabase, sql } from "./statement.ts";

/** Its lone statements say nothing: what changes something goes into a batch. */
export class ActingDatabase implements SqlDatabase {
  readonly #database: SqlDatabase;
  readonly #author: Author;

  constructor(database: SqlDatabase, author: Author) {
    this.#database = database;
    this.#author = author;
  }

  prepare(text: string): D1PreparedStatement {
    return this.#database.prepare(text);
  }

  async batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    const { via, subject, keyId, source, transactionId, request } = this.#author;
    const says = sql`INSERT OR REPLACE INTO audit_author (id, via, subject, key_id, key_name, source, transaction_id, request)
      VALUES (1, ${via}, ${subject}, ${keyId}, coalesce((SELECT name FROM identities WHERE uuid = ${keyId}), ''),
        ${source}, ${transactionId}, ${request})`;
    const isDone = sql`DELETE FROM audit_author WHERE id = 1`;
    const all = [prepared(this.#database, says), ...statements, prepared(this.#database, isDone)];
    return (await this.#database.batch<T>(all)).slice(1, -1);
  }
}
