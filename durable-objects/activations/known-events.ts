// CloudEvents that have fired: by their keys, those of each feed up to a bound, the oldest going first. Asked in the
// transaction that keeps the fires, so that an event is known if and only if it has fired.

import type { KnownEvents } from "../../src/protocol/fire.ts";
import type { Sql } from "../shared/schema.ts";

/** Events of a feed that is no more, which go at a time. */
const MAX_SWEPT = 20_000;
/** The same with each request of another feed, should whoever asks for that not come to it. */
const SWEPT_ASIDE = 200;

type FeedRow = { number: number; known: number; forgotten: number; repeated: number };

export class EventBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Notes each event that is new, at `at` (epoch ms); of one that is known, when it was noted, else null.
   * In the order of `keys`. */
  note(feed: string, keys: readonly string[], { at, max }: { at: number; max: number }): (number | null)[] {
    this.#sweepAside();
    const row = this.#open(feed);
    const noted = keys.map((key) => this.#note(row.number, key, at));
    const fresh = noted.filter((before) => before === null).length;
    const excess = Math.max(0, row.known + fresh - max);
    if (excess > 0) this.#drop(row.number, excess);
    this.#sql.exec(
      "UPDATE event_feeds SET known = known + ?, forgotten = forgotten + ?, repeated = repeated + ? WHERE number = ?",
      ...[fresh - excess, excess, keys.length - fresh, row.number],
    );
    return noted;
  }

  has(feed: string, key: string): boolean {
    const row = this.#find(feed);
    if (row === undefined) return false;
    return (
      this.#sql.exec("SELECT 1 AS there FROM events WHERE feed = ? AND key = ?", row.number, key).toArray().length > 0
    );
  }

  state(feed: string): KnownEvents {
    const row = this.#find(feed);
    if (row === undefined) return { known: 0, forgotten: 0, repeated: 0 };
    const { known, forgotten, repeated } = row;
    return { known, forgotten, repeated };
  }

  /** A piece of what is known of it. */
  forget(feed: string): void {
    const row = this.#find(feed);
    if (row !== undefined) this.#sweep(row.number, MAX_SWEPT);
  }

  #note(feed: number, key: string, at: number): number | null {
    const inserted = this.#sql
      .exec(
        "INSERT INTO events (feed, key, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1 AS done",
        feed,
        key,
        at,
      )
      .toArray();
    if (inserted.length > 0) return null;
    return this.#sql.exec<{ at: number }>("SELECT at FROM events WHERE feed = ? AND key = ?", feed, key).one().at;
  }

  #find(feed: string): FeedRow | undefined {
    return this.#sql
      .exec<FeedRow>("SELECT number, known, forgotten, repeated FROM event_feeds WHERE feed = ?", feed)
      .toArray()[0];
  }

  #open(feed: string): FeedRow {
    const known = this.#find(feed);
    if (known !== undefined) return known;
    return this.#sql
      .exec<FeedRow>(
        `INSERT INTO event_feeds (feed, known, forgotten, repeated, gone) VALUES (?, 0, 0, 0, 0)
          RETURNING number, known, forgotten, repeated`,
        feed,
      )
      .one();
  }

  #drop(feed: number, count: number): void {
    this.#sql.exec(
      "DELETE FROM events WHERE (feed, key) IN (SELECT feed, key FROM events WHERE feed = ? ORDER BY at LIMIT ?)",
      feed,
      count,
    );
  }

  #sweepAside(): void {
    const [row] = this.#sql.exec<{ number: number }>("SELECT number FROM event_feeds WHERE gone = 1 LIMIT 1").toArray();
    if (row !== undefined) this.#sweep(row.number, SWEPT_ASIDE);
  }

  #sweep(feed: number, count: number): void {
    this.#drop(feed, count);
    this.#sql.exec("UPDATE event_feeds SET gone = 1, known = max(0, known - ?) WHERE number = ?", count, feed);
    this.#sql.exec("DELETE FROM event_feeds WHERE number = ? AND known = 0", feed);
  }
}
