// What it takes to look an event up among those that have fired, with few and with a million of a feed's in SQLite on a
// disk: processor time, since how long a disk takes to confirm has nothing to do with how many there are.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBook } from "../../durable-objects/activations/known-events.ts";
import { MIGRATIONS } from "../../durable-objects/activations/schema.ts";
import { type Database, migrate } from "../../durable-objects/shared/schema.ts";
import { MAX_KNOWN } from "../../src/invocation/fire-events.ts";
import { Sqlite } from "../support/sqlite.ts";
import { note, type Row } from "./event-platform.ts";

const FEW = 1_000;
const ASKED = 2_000;
const FEED = "bench";
/** Of the n-th event: as evenly spread as a hash, and made by SQLite too. */
const FACTOR = 2_654_435_761;
const keyOf = (n: number) => ((n * FACTOR) % 2 ** 32).toString(16).padStart(32, "0");

export function bookRows(): Row[] {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-bench-book-"));
  try {
    const sqlite = new Sqlite(join(folder, "book.sqlite"));
    const database: Database = {
      sql: { exec: (query, ...bindings) => sqlite.exec(query, ...bindings) as never },
      transaction: (run) => sqlite.transactionSync(run),
    };
    sqlite.db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    migrate(database, MIGRATIONS);
    const max = MAX_KNOWN;
    const book = new EventBook(database.sql);
    fill(sqlite, book, { from: 0, upto: FEW, max });
    const few = times(database, book, { from: 0, upto: FEW, max });
    fill(sqlite, book, { from: FEW + ASKED, upto: max, max });
    const state = book.state(FEED);
    const many = times(database, book, { from: FEW + ASKED, upto: max, max });
    const after = book.state(FEED);
    if (after.known !== max || after.forgotten - state.forgotten < ASKED - 1) {
      throw new Error(`of more than ${max} the oldest did not go: ${JSON.stringify(after)}`);
    }
    const rows = (["known", "fresh"] as const).map((which) => {
      const [one, other] = [few[which], many[which]];
      const what = which === "known" ? "an event that is known" : "a new event, the oldest goes";
      const figure = `${one.toFixed(0)} µs with ${FEW}, ${other.toFixed(0)} µs with ${max}`;
      note(`${what}: ${figure}`);
      return { what, figure, target: "flat" };
    });
    sqlite.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By the book itself, a thousand at a time. */
function fill(sqlite: Sqlite, book: EventBook, { from, upto, max }: { from: number; upto: number; max: number }): void {
  for (let at = from; at < upto; at += 1_000) {
    const keys = Array.from({ length: Math.min(1_000, upto - at) }, (_, n) => keyOf(at + n));
    sqlite.transactionSync(() => book.note(FEED, keys, { at, max }));
  }
}

/** µs of processor time for each. */
function times(
  database: Database,
  book: EventBook,
  { from, upto, max }: { from: number; upto: number; max: number },
): Record<"known" | "fresh", number> {
  const each = (keyAt: (n: number) => string) => {
    const began = process.cpuUsage();
    for (let n = 0; n < ASKED; n++) database.transaction(() => book.note(FEED, [keyAt(n)], { at: upto + n, max }));
    const { user, system } = process.cpuUsage(began);
    return (user + system) / ASKED;
  };
  const pick = (n: number) => from + ((n * 7_919) % (upto - from));
  const known = each((n) => keyOf(pick(n)));
  return { known, fresh: each((n) => `f${keyOf(upto + n)}`.slice(0, 32)) };
}
