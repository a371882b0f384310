// Whose calls may not be started any more: what waits in their name ends as a record that says so. Survives the
// incarnation, so that what comes to wait later (a step of a run, what a host declined) ends as well.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Sql } from "../shared/schema.ts";
import { WAITING } from "./schema.ts";

/** Stands for all subjects: nobody has the namespace. No subject is called so. */
const EVERYBODY = "";
/** Rows ended in one round. */
const MAX_REFUSED = 500;
const SUBJECT = "iif(about = '', invocation ->> '$.about.subject', about ->> '$.subject')";

export class Barred {
  readonly #sql: Sql;
  #subjects: ReadonlySet<string>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#subjects = this.#load();
  }

  /** Whether anybody is: asked for each call. */
  get any(): boolean {
    return this.#subjects.size > 0;
  }

  /** One statement each: a change that is done twice is done once. */
  set(subject: string, { barred, everybody }: { barred: boolean; everybody: boolean }): void {
    this.#mark(subject, barred);
    this.#mark(EVERYBODY, everybody);
    this.#subjects = this.#load();
  }

  /** Waiting rows that are not to be started. */
  waiting(): { id: ActivationId; about: string }[] {
    return this.#sql
      .exec<{ id: string; about: string }>(
        `SELECT id, iif(about = '', invocation ->> '$.about', about) AS about FROM rows
          WHERE state = ${WAITING} AND (?1 OR ${SUBJECT} IN (SELECT subject FROM barred)) LIMIT ${MAX_REFUSED}`,
        this.#subjects.has(EVERYBODY) ? 1 : 0,
      )
      .toArray();
  }

  has(subject: string): boolean {
    return this.#subjects.has(subject) || this.#subjects.has(EVERYBODY);
  }

  #mark(subject: string, barred: boolean): void {
    if (barred) this.#sql.exec("INSERT INTO barred (subject) VALUES (?) ON CONFLICT DO NOTHING", subject);
    else this.#sql.exec("DELETE FROM barred WHERE subject = ?", subject);
  }

  #load(): ReadonlySet<string> {
    const rows = this.#sql.exec<{ subject: string }>("SELECT subject FROM barred").toArray();
    return new Set(rows.map((row) => row.subject));
  }
}
