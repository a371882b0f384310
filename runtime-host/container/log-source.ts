// How output comes out of a container: on its two streams, on them in the name of one run, or through files in memory.
// One class for each. They stand on each other: named output passes on to the streams what comes in nobody's name, and
// so does the journal.

import type { LogCollection } from "./log-collection.ts";

export interface LogSource {
  /** A run begins: what comes from now on is its own (too, if others run). `alone`:
   * what came before and was not taken is nobody's. */
  begin(collection: LogCollection, alone: boolean): void;
  /** A run is over: it is given what has no line end yet. `alone`: nobody else can have printed that. */
  leave(collection: LogCollection, alone: boolean): void;
  /** The container has ended, or its engine has gone: no more will come. */
  end(): void;
}
