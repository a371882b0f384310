// The tables of one activation store.

import type { Migrations } from "../shared/schema.ts";
import type { QueueTables } from "./forward-queue.ts";

/** A row's place: waiting for any scheduler; offered to one (and perhaps running); opened by a Worker whose fast-path
 * call outlived its first second. */
export const WAITING = 0;
export const OFFERED = 1;
export const OPEN = 2;

export const MIGRATIONS: Migrations = [
  [
    // Accepted and not ended. `scheduler`, `epoch`, `boot`: whom the row was offered to last, marked before the offer
    // leaves. `spent`: key of the blob with its arguments, or ''. `deadline`: the run cannot be alive after it;
    // 0 while it waits.
    `CREATE TABLE rows (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      state INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      urgent INTEGER NOT NULL,
      memory INTEGER NOT NULL,
      timeout INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      deadline INTEGER NOT NULL,
      scheduler TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      boot TEXT NOT NULL,
      reason TEXT NOT NULL,
      spent TEXT NOT NULL,
      about TEXT NOT NULL,
      invocation TEXT
    )`,
    "CREATE INDEX rows_by_turn ON rows (state, urgent DESC, seq) WHERE state = 0",
    // Ended. `name`: what the list's name filter compares. `kept` 0: storing is off; callers who wait may see the
    // record for a minute, then `record` is '' and the row is a tombstone.
    `CREATE TABLE records (
      id TEXT PRIMARY KEY,
      start INTEGER NOT NULL,
      name TEXT NOT NULL,
      kept INTEGER NOT NULL,
      stored INTEGER NOT NULL,
      record TEXT NOT NULL
    )`,
    "CREATE INDEX records_by_start ON records (start DESC) WHERE kept = 1",
    "CREATE INDEX records_by_name ON records (name, start DESC) WHERE kept = 1",
    "CREATE INDEX records_unkept ON records (stored) WHERE kept = 0",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
  ],
  [
    // Fired triggers whose rules have not all been served. `due`: when the fan-out is asked for again, unless it is
    // over by then; `tries`: how often it has been asked for.
    `CREATE TABLE fires (
      id TEXT PRIMARY KEY,
      due INTEGER NOT NULL,
      tries INTEGER NOT NULL,
      fire TEXT NOT NULL
    ) WITHOUT ROWID`,
    "CREATE INDEX fires_by_due ON fires (due)",
  ],
  [
    // `need`: what a host must have to run it, as needText writes it; '' where the row can never wait. `expires`: when
    // it has waited as long as it may. `reasons`: why the rows with a need wait.
    "ALTER TABLE rows ADD COLUMN need TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE rows ADD COLUMN expires INTEGER NOT NULL DEFAULT 0",
    `UPDATE rows SET need = json_array(invocation ->> '$.exec.kind', memory), expires = accepted + 3600000
      WHERE invocation IS NOT NULL`,
    "DROP INDEX rows_by_turn",
    "CREATE INDEX rows_by_need ON rows (need, urgent DESC, seq) WHERE state = 0",
    "CREATE INDEX rows_by_end ON rows (expires) WHERE state = 0",
    "CREATE TABLE reasons (need TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID",
  ],
  [
    // `sum`: checksumOf the record as it was written; -1 where it is older than that.
    "ALTER TABLE records ADD COLUMN sum INTEGER NOT NULL DEFAULT -1",
  ],
  [
    // Subjects whose calls are not started any more; '' stands for all of them.
    "CREATE TABLE barred (subject TEXT PRIMARY KEY) WITHOUT ROWID",
  ],
  [
    // Records leave for the shelves. `places`: bits of those that have it (1 the table, 2 a segment). `kept` 2: all
    // have it that are to; what is left is a tombstone: `record` is ''. `flights`: the batch on its way to a shelf.
    // `segments`: see segments.ts.
    "ALTER TABLE records ADD COLUMN places INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX records_handed ON records (stored) WHERE kept = 2",
    "CREATE TABLE flights (shelf TEXT PRIMARY KEY, key TEXT NOT NULL, ids TEXT NOT NULL) WITHOUT ROWID",
    `CREATE TABLE segments (
      key TEXT PRIMARY KEY,
      min_id TEXT NOT NULL,
      max_id TEXT NOT NULL,
      min_start INTEGER NOT NULL,
      max_start INTEGER NOT NULL,
      count INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      twin TEXT NOT NULL,
      names TEXT NOT NULL,
      ids TEXT NOT NULL
    )`,
    "CREATE INDEX segments_by_id ON segments (max_id, min_id)",
    "CREATE INDEX segments_by_start ON segments (max_start, min_start)",
  ],
  [
    // What ended, counted by minute, hour and day (`at`: its beginning, epoch ms): see figures.ts.
    `CREATE TABLE figures (
      step TEXT NOT NULL,
      at INTEGER NOT NULL,
      type TEXT NOT NULL,
      name TEXT NOT NULL,
      figures TEXT NOT NULL,
      PRIMARY KEY (step, at, type, name)
    ) WITHOUT ROWID`,
  ],
  [
    // Records that one of two places has. `since` of a segment: epoch ms from which it is known here. `move`: see
    // mover.ts. `leftovers`: segments that are known no more, with the epoch ms from which nobody reads them.
    "CREATE INDEX records_split ON records (start) WHERE kept = 1 AND places > 0",
    "ALTER TABLE segments ADD COLUMN since INTEGER NOT NULL DEFAULT 0",
    `CREATE TABLE move (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      target TEXT NOT NULL,
      phase TEXT NOT NULL,
      start INTEGER NOT NULL,
      place TEXT NOT NULL,
      moved INTEGER NOT NULL,
      skipped INTEGER NOT NULL,
      damaged INTEGER NOT NULL,
      began INTEGER NOT NULL,
      ended INTEGER NOT NULL
    )`,
    "CREATE TABLE leftovers (key TEXT PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX leftovers_by_due ON leftovers (due)",
  ],
  [
    // What fires once: its key among those of its scope, the id of its fire, and until when it is known.
    `CREATE TABLE seen (
      scope TEXT NOT NULL,
      key TEXT NOT NULL,
      id TEXT NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (scope, key)
    ) WITHOUT ROWID`,
    "CREATE INDEX seen_by_end ON seen (until)",
    "CREATE INDEX seen_by_scope ON seen (scope, until)",
  ],
  [
    // `waited`: why it waited before it was offered last, or ''.
    "ALTER TABLE rows ADD COLUMN waited TEXT NOT NULL DEFAULT ''",
  ],
  [
    // CloudEvents that have fired: `key` of each (see eventKey) and when (`at`, epoch ms), by the number of its feed.
    // `gone`: the feed is no more, and what was known of it goes a piece at a time.
    `CREATE TABLE event_feeds (
      number INTEGER PRIMARY KEY,
      feed TEXT NOT NULL UNIQUE,
      known INTEGER NOT NULL,
      forgotten INTEGER NOT NULL,
      repeated INTEGER NOT NULL,
      gone INTEGER NOT NULL
    )`,
    "CREATE TABLE events (feed INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (feed, key)) WITHOUT ROWID",
    "CREATE INDEX events_by_age ON events (feed, at)",
  ],
  // Records that wait to be forwarded.
  queueTables({ hook: "hook", queue: "forwards" }),
  [
    // Whose results or fires go to sinks, and what has not been handed over yet.
    "CREATE TABLE followed (kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
    "CREATE TABLE sink_outbox (seq INTEGER PRIMARY KEY, event TEXT NOT NULL)",
  ],
  [
    // The same of user events: for the namespace's own receiver, and for the platform's.
    ...queueTables({ hook: "event_hook", queue: "event_forwards" }),
    ...queueTables({ hook: "platform_hook", queue: "platform_forwards" }),
  ],
  [
    // Where each record of a segment lies in it, in the order of `ids`: see spots.ts.
    // '': only the segment itself knows.
    "ALTER TABLE segments ADD COLUMN spots TEXT NOT NULL DEFAULT ''",
  ],
  [
    // `held`: bytes of results and logs of its records that lie beside it in the blob store; 0 also where nobody has
    // noted it.
    "ALTER TABLE segments ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
  ],
];

/** What waits to be forwarded (`queue`; `made`: epoch ms, `size`: characters),
 * and how it stands with that (`hook`): see forward-queue.ts. */
function queueTables({ hook, queue }: QueueTables): string[] {
  return [
    `CREATE TABLE ${hook} (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      owner TEXT NOT NULL,
      revision INTEGER NOT NULL,
      wanted INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      dropped TEXT NOT NULL,
      last_sent INTEGER,
      last_dropped INTEGER,
      error TEXT,
      error_at INTEGER
    )`,
    `CREATE TABLE ${queue} (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      made INTEGER NOT NULL,
      size INTEGER NOT NULL,
      record TEXT NOT NULL
    )`,
  ];
}
