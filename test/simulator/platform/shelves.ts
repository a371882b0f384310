// Where records go: a database and a bucket at the other end of the network. What they are asked may get lost on the
// way, as may what they answer; each of them may be down for a while. What they have confirmed stays.

import { Sqlite } from "../../support/sqlite.ts";
import type { Owner } from "../machine/kernel.ts";
import type { Platform } from "./objects.ts";
import { readEntries } from "./segment.ts";

const decoder = new TextDecoder();

type Shelf = "d1" | "r2";
type Range = { suffix: number } | { offset: number; length: number };

export class Shelves implements Owner {
  readonly label = "shelves";
  readonly alive = true;
  readonly pending = new Set<(cause: Error) => void>();
  readonly down = new Set<Shelf>();
  readonly sql = new Sqlite();
  readonly objects = new Map<string, Uint8Array>();
  /** Called when something has been written, before whoever wrote it hears so. */
  written: () => void = () => undefined;
  readonly #platform: Platform;

  /** `tables`: the statements that make them. */
  constructor(platform: Platform, tables: string) {
    this.#platform = platform;
    this.sql.db.exec(tables);
  }

  /** As much of a D1 database as the table of records asks for. */
  database(): object {
    type Statement = { sql: string; values: unknown[] };
    const run = ({ sql, values }: Statement) => ({
      results: this.sql.exec(sql, ...values).toArray(),
      meta: { size_after: 0 },
    });
    const prepared = (statement: Statement): object => ({
      ...statement,
      bind: (...values: unknown[]) => prepared({ ...statement, values }),
      all: () => this.#ask("d1", () => run(statement)),
      first: async () => (await this.#ask("d1", () => run(statement))).results[0] ?? null,
    });
    return {
      prepare: (sql: string) => prepared({ sql, values: [] }),
      batch: (statements: Statement[]) =>
        this.#ask("d1", () => {
          const results = this.sql.transactionSync(() => statements.map((each) => run(each)));
          this.written();
          return results;
        }),
    };
  }

  /** As much of a bucket as segments need; no other blobs are put in these worlds. */
  bucket(): object {
    return {
      get: async (key: string, { range }: { range?: Range } = {}) => {
        const bytes = await this.#ask("r2", () => cut(this.objects.get(key), range));
        return bytes === null ? null : { arrayBuffer: async () => bytes.buffer, size: bytes.length };
      },
      put: (key: string, bytes: Uint8Array) =>
        this.#ask("r2", () => {
          this.objects.set(key, bytes.slice());
          this.written();
        }),
      head: (key: string) => this.#ask("r2", () => (this.objects.has(key) ? {} : null)),
      delete: async (keys: string | string[]) => {
        for (const key of [keys].flat()) this.objects.delete(key);
      },
    };
  }

  /** The record's text, wherever it lies. */
  textOf(id: string): string | null {
    const [row] = this.sql.exec<{ record: string }>("SELECT record FROM records WHERE id = ?", id).toArray();
    if (row !== undefined) return row.record;
    for (const bytes of this.objects.values()) {
      const entry = readEntries(bytes).find((each) => each.id === id);
      if (entry !== undefined) return decoder.decode(bytes.subarray(entry.offset, entry.offset + entry.length));
    }
    return null;
  }

  close(): void {
    this.sql.close();
  }

  #ask<T>(shelf: Shelf, run: () => T): Promise<T> {
    return this.#platform.callWorker(
      () => this,
      async () => {
        if (this.down.has(shelf)) throw new Error(`${shelf} is down`);
        return run();
      },
    );
  }
}

function cut(bytes: Uint8Array | undefined, range: Range | undefined): Uint8Array | null {
  if (bytes === undefined) return null;
  if (range === undefined) return bytes.slice();
  if ("suffix" in range) return bytes.slice(Math.max(0, bytes.length - range.suffix));
  return bytes.slice(range.offset, range.offset + range.length);
}
