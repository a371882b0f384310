// The tables of a namespace's Sinks object.

import type { Migrations } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    // `stopped`: why nothing is sent, or ''. `delivered`, `dead`, `dropped`: counts since it was made.
    `CREATE TABLE sinks (
      number INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      settings TEXT NOT NULL,
      namespace TEXT NOT NULL,
      created INTEGER NOT NULL,
      stopped TEXT NOT NULL,
      delivered INTEGER NOT NULL,
      dead INTEGER NOT NULL,
      dropped INTEGER NOT NULL,
      UNIQUE (kind, name)
    )`,
    // Events that wait. `due`: epoch ms of the next try; `since`: when it came; `size`: characters.
    `CREATE TABLE queue (
      seq INTEGER PRIMARY KEY,
      sink INTEGER NOT NULL,
      id TEXT NOT NULL,
      due INTEGER NOT NULL,
      since INTEGER NOT NULL,
      tries INTEGER NOT NULL,
      size INTEGER NOT NULL,
      event TEXT NOT NULL,
      UNIQUE (sink, id)
    )`,
    "CREATE INDEX queue_by_due ON queue (sink, due)",
    // Events that were given up, the oldest first. `code`, `data`: how the last try ended.
    `CREATE TABLE letters (
      seq INTEGER PRIMARY KEY,
      sink INTEGER NOT NULL,
      id TEXT NOT NULL,
      at INTEGER NOT NULL,
      tries INTEGER NOT NULL,
      code INTEGER NOT NULL,
      data TEXT NOT NULL,
      size INTEGER NOT NULL,
      event TEXT NOT NULL,
      UNIQUE (sink, id)
    )`,
  ],
  [
    // How an event was given up that is on its way to the dead letter sink: JSON, or NULL.
    "ALTER TABLE queue ADD COLUMN dead TEXT",
    "ALTER TABLE sinks ADD COLUMN passed_on INTEGER NOT NULL DEFAULT 0",
  ],
];
