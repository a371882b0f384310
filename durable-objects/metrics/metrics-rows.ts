// What the Metrics object keeps: a row for each group of series, each source, each store and scheduler. Read once, then
// written as it changes.

import type { KeptSeries, Touched } from "../../src/metrics/series-book.ts";
import { type Database, type Migrations, migrate } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    "CREATE TABLE kept (place TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (place, key)) WITHOUT ROWID",
  ],
];

type Place = keyof KeptSeries;

export class MetricsRows {
  readonly kept: KeptSeries;
  readonly #database: Database;

  constructor(database: Database) {
    migrate(database, MIGRATIONS);
    this.#database = database;
    this.kept = {
      groups: this.#read("groups"),
      sources: this.#sorted(this.#read("sources")),
      stores: this.#read("stores"),
      schedulers: this.#read("schedulers"),
    };
  }

  /** All of it or nothing. */
  save(touched: Touched): void {
    this.#database.transaction(() => {
      for (const place of Object.keys(touched) as Place[]) {
        for (const key of touched[place]) this.#put(place, key, this.kept[place].get(key));
      }
    });
  }

  #put(place: Place, key: string, value: unknown): void {
    const { sql } = this.#database;
    if (value === undefined) {
      sql.exec("DELETE FROM kept WHERE place = ? AND key = ?", place, key);
      return;
    }
    sql.exec(
      "INSERT INTO kept (place, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (place, key) DO UPDATE SET value = ?3",
      ...[place, key, JSON.stringify(value)],
    );
  }

  #read<P extends Place>(place: P): KeptSeries[P] {
    const rows = this.#database.sql
      .exec<{ key: string; value: string }>("SELECT key, value FROM kept WHERE place = ?", place)
      .toArray();
    return new Map(rows.map(({ key, value }) => [key, JSON.parse(value)])) as KeptSeries[P];
  }

  #sorted(sources: KeptSeries["sources"]): KeptSeries["sources"] {
    return new Map([...sources].sort(([, one], [, other]) => one.at - other.at));
  }
}
