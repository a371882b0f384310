// The tables of the Subscriptions object.

import type { Migrations } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    // One row per subscription that was ever given to a host, or stopped. `host`: NULL while nobody has it. `revision`:
    // the one that was given. `stopped`: why nobody is given the revision `stopped_in`. `counts`: JSON, of the leases
    // before this one.
    `CREATE TABLE leases (
      id TEXT PRIMARY KEY,
      counter INTEGER NOT NULL,
      host TEXT,
      boot TEXT,
      revision TEXT,
      since INTEGER,
      stopped TEXT,
      stopped_in TEXT,
      counts TEXT NOT NULL,
      error TEXT,
      error_at INTEGER
    ) WITHOUT ROWID`,
    // Packets of MQTT that were fired for, or are about to be, and are not released: what their messages are known by.
    `CREATE TABLE packets (
      subscription TEXT NOT NULL,
      number INTEGER NOT NULL,
      digest TEXT NOT NULL,
      key TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (subscription, number)
    ) WITHOUT ROWID`,
  ],
  // The highest number of a question that spoke of packets, of the lease that is.
  ["ALTER TABLE leases ADD COLUMN line INTEGER NOT NULL DEFAULT 0"],
];
