// Reads what a container prints, all its life, and gives it to whoever is running then. It never stops reading (that
// would block the action) and never keeps more than a line: output of nobody, and output past the limit, is counted and
// dropped. Each way that output comes by is a LogSource; this class knows the runs, and when one has all of its output.

import type { Journal } from "./journal.ts";
import { JournalSource } from "./journal-source.ts";
import { LogCollection, type Stream } from "./log-collection.ts";
import type { LogSource } from "./log-source.ts";
import { NamedSource } from "./named-source.ts";
import { StreamSource } from "./stream-source.ts";

/** Without output for so long, markers are no longer awaited. */
const SENTINEL_WAIT_MS = 2_000;
/** The same for images not known to write markers. */
const QUIET_WAIT_MS = 20;
/** The same after the first run, of which nobody knows yet whether it writes end markers: what it printed may come late
 * from an engine that has much to do. */
const FIRST_WAIT_MS = 500;
/** Quiet periods a container may break before its logs are taken as they are. */
const MAX_ROUNDS = 10;

export interface LogReaderOptions {
  /** For spilled logs. */
  folder: string;
  /** The runtime is known to write end markers. */
  sentinelled: boolean;
  /** What is printed before the first run belongs to it, as with an image nobody knows: it may tell why it ends. */
  early?: boolean;
}

export class LogReader {
  /** Known to write end markers: told so, or seen doing it. */
  sentinelled: boolean;
  /** The stream is over: the container has ended, or its engine has gone. */
  ended = false;
  /** Printed although its runtime said it had not: it is to write its markers always. */
  noisy = false;
  readonly #folder: string;
  readonly #active: LogCollection[] = [];
  /** Told when the container has ended. */
  readonly #waiting = new Set<() => void>();
  /** Bytes that have come on the streams. */
  #bytes = 0;
  /** No run has been settled yet. */
  #isFirst = true;
  readonly #streams: StreamSource;
  readonly #named: NamedSource;
  readonly #journal: JournalSource;
  /** Each passes on what is not its own to those before it: a run begins with the first, and ends with the last. */
  readonly #sources: readonly LogSource[];
  readonly #sourcesFromLast: readonly LogSource[];

  constructor(options: LogReaderOptions) {
    this.#folder = options.folder;
    this.sentinelled = options.sentinelled;
    const active = this.#active;
    const clock = () => this.#journal.printedAt ?? Date.now();
    const journaled = () => this.#journal.printedAt !== null;
    this.#streams = new StreamSource({ active, clock, journaled, early: options.early === true });
    this.#named = new NamedSource(this.#streams, clock);
    this.#journal = new JournalSource({ streams: this.#streams, named: this.#named, active });
    this.#sources = [this.#streams, this.#named, this.#journal];
    this.#sourcesFromLast = this.#sources.toReversed();
  }

  /** Set once the container is known to have it. */
  get journal(): Journal | null {
    return this.#journal.journal;
  }

  set journal(journal: Journal | null) {
    this.#journal.journal = journal;
  }

  /** Bytes that belonged to nobody. */
  get stray(): number {
    return this.#streams.stray;
  }

  /** Output from now on belongs to this collection (too, if others are open). */
  open(limit: number): LogCollection {
    const collection = new LogCollection(limit, { folder: this.#folder, began: this.#bytes });
    const alone = this.#active.length === 0;
    for (const source of this.#sources) source.begin(collection, alone);
    this.#active.push(collection);
    return collection;
  }

  /** From now on what this run prints is expected in its name, which is returned. */
  name(collection: LogCollection): string {
    return this.#named.name(collection);
  }

  chunk(stream: Stream, bytes: Buffer): void {
    this.#journal.readAll();
    this.#bytes += bytes.length;
    this.#named.push(stream, bytes);
    // Only after the whole chunk: what follows a marker must not meet the next activation's collection.
    for (const each of [...this.#active]) if (each.whole) each.onSealed?.();
  }

  /** No more will come. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const source of this.#sourcesFromLast) source.end();
    for (const each of [...this.#waiting]) each();
  }

  /** After /run was answered: calls `done` once; at once if nothing is missing, else when the markers arrive, the
   * stream ends, or it has been quiet for long enough. `missing`: something was due and did not come; `ending`: the
   * container has ended, so that its stream will. */
  settle(collection: LogCollection, done: (missing: boolean) => void, { ending = false } = {}): void {
    const finish = (missing: boolean) => this.#finish(collection, () => done(missing || collection.incomplete));
    this.#journal.readThen(() => this.#settle(collection, { finish, ending }));
  }

  /** For a run that has not begun after all. */
  drop(collection: LogCollection): void {
    this.#finish(collection, () => collection.discard());
  }

  /** Init may have written markers of its own: the run's are still to come. */
  reopen(collection: LogCollection): void {
    collection.sealed = 0;
  }

  #settle(
    collection: LogCollection,
    { finish, ending }: { finish: (missing: boolean) => void; ending: boolean },
  ): void {
    if (collection.quiet && this.#isQuiet(collection)) {
      if (collection.run !== null) for (const stream of [1, 2] as const) this.#streams.leaveStream(stream, collection);
      finish(false);
      return;
    }
    collection.answered = true;
    if (collection.run === null) this.#streams.claimMarkers(collection);
    if (collection.whole) {
      this.sentinelled = true;
      finish(false);
    } else if (this.ended) finish(false);
    else this.#awaitOutput(collection, { finish, ending });
  }

  #awaitOutput(
    collection: LogCollection,
    { finish, ending }: { finish: (missing: boolean) => void; ending: boolean },
  ): void {
    const awaited = (this.sentinelled || collection.run !== null) && !collection.quiet;
    const quietMs = this.#isFirst ? FIRST_WAIT_MS : QUIET_WAIT_MS;
    const waitMs = awaited || ending ? SENTINEL_WAIT_MS : quietMs;
    let rounds = 0;
    let seen = this.#bytes;
    let timer: NodeJS.Timeout;
    const stop = (missing: boolean) => {
      this.#isFirst = false;
      clearTimeout(timer);
      this.#waiting.delete(over);
      collection.onSealed = null;
      finish(missing);
    };
    const over = () => stop(false);
    const quiet = () => {
      if (this.#bytes === seen || ++rounds >= MAX_ROUNDS) {
        stop(awaited);
        return;
      }
      seen = this.#bytes;
      arm();
    };
    const arm = () => {
      timer = setTimeout(quiet, waitMs);
    };
    this.#waiting.add(over);
    collection.onSealed = () => {
      this.sentinelled = true;
      over();
    };
    arm();
  }

  /** Believes a runtime that says nothing was printed, unless something has come, now or after an earlier run. */
  #isQuiet(collection: LogCollection): boolean {
    if (collection.run !== null) {
      const printed = this.#streams.bytes !== collection.began || this.#named.printed(collection.run);
      if (printed) this.noisy = true;
      return !printed;
    }
    if (this.#bytes !== collection.began || this.#streams.strayOnStreams > 0) this.noisy = true;
    return this.#bytes === collection.began;
  }

  #finish(collection: LogCollection, then: () => void): void {
    const alone = this.#active.length === 1;
    for (const source of this.#sourcesFromLast) source.leave(collection, alone);
    const at = this.#active.indexOf(collection);
    if (at >= 0) this.#active.splice(at, 1);
    then();
  }
}
