// The tables of a namespace's Sources object.

import type { Migrations } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    // One row per trigger. `id`: of the feed; `head`: what its owner wrote, `state`: how it stands; `due`: epoch ms at
    // which it has something to do, or NULL. `revision` changes with each write of its owner.
    `CREATE TABLE feeds (
      name TEXT PRIMARY KEY,
      id TEXT NOT NULL,
      revision TEXT NOT NULL,
      head TEXT NOT NULL,
      state TEXT NOT NULL,
      due INTEGER
    ) WITHOUT ROWID`,
    "CREATE INDEX feeds_by_due ON feeds (due) WHERE due IS NOT NULL",
    // Events that were read and have not fired, in order. `at`: epoch ms; with feed and key it says the id of the fire.
    `CREATE TABLE outbox (
      seq INTEGER PRIMARY KEY,
      feed TEXT NOT NULL,
      key TEXT NOT NULL,
      at INTEGER NOT NULL,
      payload TEXT NOT NULL,
      UNIQUE (feed, key)
    )`,
    "CREATE INDEX outbox_of_feed ON outbox (feed, seq)",
    // Objects of a bucket as they were listed last.
    `CREATE TABLE objects (
      feed TEXT NOT NULL,
      key TEXT NOT NULL,
      version TEXT NOT NULL,
      PRIMARY KEY (feed, key)
    ) WITHOUT ROWID`,
  ],
];
