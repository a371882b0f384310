// The tables of one Composition object.

import type { Migrations } from "../shared/schema.ts";

export const MIGRATIONS: Migrations = [
  [
    // A run under way, or, with `ended` (epoch ms) not 0, the trace of one: whoever asks for it again is not served
    // twice. `behalf`: on whose behalf its steps run; `spent`: key of the blob with its arguments, or ''.
    `CREATE TABLE runs (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      ended INTEGER NOT NULL,
      transactionId TEXT NOT NULL,
      behalf TEXT NOT NULL,
      spent TEXT NOT NULL
    )`,
    "CREATE INDEX runs_by_end ON runs (ended, seq)",
    // Compositions inside one another: depth 0 is the run itself, the deepest is at work. `head` never changes.
    `CREATE TABLE frames (
      run TEXT NOT NULL,
      depth INTEGER NOT NULL,
      head TEXT NOT NULL,
      progress TEXT NOT NULL,
      PRIMARY KEY (run, depth)
    ) WITHOUT ROWID`,
  ],
];
