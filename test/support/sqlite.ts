// The SQL storage of a Durable Object over node:sqlite, in memory: enough of `ctx.storage.sql` and `transactionSync`
// for the product's ledgers to run in Node.

import { DatabaseSync, type StatementSync } from "node:sqlite";

export type SqlValue = string | number | null | ArrayBuffer | Uint8Array;
export type Row = Record<string, SqlValue>;

/** As workerd's cursor, but already read: statements never stay open. */
export class Cursor<T extends Row> {
  readonly columnNames: string[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  #rows: T[];
  #at = 0;

  constructor(rows: T[], written: number) {
    this.#rows = rows;
    this.columnNames = Object.keys(rows[0] ?? {});
    this.rowsRead = rows.length;
    this.rowsWritten = written;
  }

  toArray(): T[] {
    const rest = this.#rows.slice(this.#at);
    this.#at = this.#rows.length;
    return rest;
  }

  one(): T {
    const [first] = this.#rows;
    if (first === undefined || this.#rows.length !== 1)
      throw new Error(`Expected exactly one row, got ${this.#rows.length}`);
    return first;
  }

  next(): { done: false; value: T } | { done: true; value: undefined } {
    const value = this.#rows[this.#at++];
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  *raw(): IterableIterator<SqlValue[]> {
    for (const row of this.toArray()) yield Object.values(row);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.toArray()[Symbol.iterator]();
  }
}

const READS = /^\s*(select|pragma|explain)\b/i;
const MANY = /;\s*\S/;

export class Sqlite {
  readonly db: DatabaseSync;
  /** Called before each statement that may write. */
  onWrite: () => void = () => {};
  #statements = new Map<string, StatementSync>();
  #depth = 0;

  constructor(path = ":memory:") {
    this.db = new DatabaseSync(path);
  }

  get databaseSize(): number {
    return 4096;
  }

  exec = <T extends Row = Row>(query: string, ...bindings: unknown[]): Cursor<T> => {
    const reads = READS.test(query);
    if (!reads) this.onWrite();
    if (bindings.length === 0 && MANY.test(query)) {
      this.db.exec(query);
      return new Cursor<T>([], 0);
    }
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.db.prepare(query);
      this.#statements.set(query, statement);
    }
    const values = bindings.map((each) => (each instanceof ArrayBuffer ? new Uint8Array(each) : (each as string)));
    return new Cursor<T>(statement.all(...values) as T[], reads ? 0 : 1);
  };

  transactionSync = <T>(run: () => T): T => {
    this.onWrite();
    const name = `nested_${this.#depth++}`;
    this.db.exec(`SAVEPOINT ${name}`);
    try {
      const value = run();
      this.db.exec(`RELEASE ${name}`);
      return value;
    } catch (cause) {
      this.db.exec(`ROLLBACK TO ${name}`);
      this.db.exec(`RELEASE ${name}`);
      throw cause;
    } finally {
      this.#depth--;
    }
  };

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}
