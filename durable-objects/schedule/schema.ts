// The tables of one Schedule object.

import type { Migrations } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    // One row per trigger. `id`: of the schedule; `head`: what its owner wrote, `state`: how it stands; `due`: epoch ms
    // at which it has something to do, or NULL. `revision` changes with each write of its owner.
    `CREATE TABLE schedules (
      name TEXT PRIMARY KEY,
      id TEXT NOT NULL,
      revision TEXT NOT NULL,
      head TEXT NOT NULL,
      state TEXT NOT NULL,
      due INTEGER
    ) WITHOUT ROWID`,
    "CREATE INDEX schedules_by_due ON schedules (due) WHERE due IS NOT NULL",
    // What became of the last slots of each.
    "CREATE TABLE notes (seq INTEGER PRIMARY KEY, schedule TEXT NOT NULL, note TEXT NOT NULL)",
    "CREATE INDEX notes_by_schedule ON notes (schedule, seq)",
    // One row. `spilled`: others of this namespace's objects keep schedules as well; `listed`:
    // the sweep knows of this object.
    "CREATE TABLE facts (spilled INTEGER NOT NULL, listed INTEGER NOT NULL)",
    "INSERT INTO facts (spilled, listed) VALUES (0, 0)",
  ],
];
