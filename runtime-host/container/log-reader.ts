// Reads what a container prints, all its life, and gives it to whoever is running then. It never stops reading (that would
// block the action) and never keeps more than a line: output of nobody, and output past the limit, is counted and dropped.
// Where the container has a journal, that is read before whatever comes on the streams: it was written before.

import { randomBytes } from "node:crypto";
import { EarlyOutput } from "./early-output.ts";
import type { Journal, JournalSink } from "./journal.ts";
import { LogCollection, type Stream } from "./log-collection.ts";
import { NamedOutput } from "./named-output.ts";
import { OwnOutput } from "./own-output.ts";
import { StreamSink } from "./stream-sink.ts";

/** ms without output after which markers are no longer awaited. */
const SENTINEL_WAIT = 2_000;
/** The same for images not known to write markers. */
const QUIET_WAIT = 20;
/** Quiet periods a container may break before its logs are taken as they are. */
const MAX_ROUNDS = 10;
/** Bytes of a journal that are read at once, so that a caller does not wait while more is read; then in one turn; and in all for
 * one run: a runtime of ours writes less. */
const FIRST_SLICE = 16 * 1024;
const SLICE = 128 * 1024;
const MAX_JOURNAL = 8 * 1024 * 1024;
/** ms before more than a slice is read on: the answer has left a small machine by then, which both would hold up. */
const AFTER_ANSWER = 4;
/** ms between two looks into a journal that somebody follows. */
const LOOK_EVERY = 100;
/** ms: what says it is older says what cannot be; an action runs shorter. */
const MAX_AGO = 24 * 60 * 60 * 1000;

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
  /** Bytes that belonged to nobody. */
  stray = 0;
  /** Printed although its runtime said it had not: it is to write its markers always. */
  noisy = false;
  /** Set once the container is known to have it. */
  journal: Journal | null = null;
  readonly #folder: string;
  readonly #active: LogCollection[] = [];
  readonly #streams: Readonly<Record<Stream, StreamSink>>;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  /** Of these, what came in nobody's name. */
  #loose = 0;
  /** Runs whose output comes in their name. */
  readonly #own = new Map<string, OwnOutput>();
  #parsers: Readonly<Record<Stream, NamedOutput>> | null = null;
  /** How the names of this container's runs begin: an action cannot print it by accident. */
  #prefix = "";
  #names = 0;
  /** Bytes on the streams that belonged to nobody. */
  #astray = 0;
  /** When what is being read was printed, where that is known: ms since 1970. */
  #printedAt: number | null = null;
  #following: NodeJS.Timeout | null = null;
  #early: EarlyOutput | null;
  readonly #clock = () => this.#printedAt ?? Date.now();
  readonly #written: JournalSink = {
    printed: (run, stream, bytes, at) => this.#journaled({ run, stream, at }, bytes),
    lost: (bytes) => {
      this.stray += bytes;
      for (const each of this.#active) each.torn = true;
    },
  };

  constructor(options: LogReaderOptions) {
    this.#folder = options.folder;
    this.sentinelled = options.sentinelled;
    this.#early = options.early === true ? new EarlyOutput() : null;
    const strayed = (bytes: number) => {
      this.stray += bytes;
      if (this.#printedAt === null) this.#astray += bytes;
    };
    const parts = { active: this.#active, strayed, clock: this.#clock, early: () => this.#early };
    this.#streams = { 1: new StreamSink(1, parts), 2: new StreamSink(2, parts) };
  }

  /** Output from now on belongs to this collection (too, if others are open). */
  open(limit: number): LogCollection {
    if (this.#early !== null) for (const stream of [1, 2] as const) this.#streams[stream].cutter.flush();
    if (this.#active.length === 0) {
      for (const stream of [1, 2] as const) this.#streams[stream].begin();
      this.#readJournal();
      for (const stream of [1, 2] as const) this.stray += this.#streams[stream].cutter.drop();
    }
    const collection = new LogCollection(limit, { folder: this.#folder, began: this.#bytes });
    if (this.journal !== null) collection.followed = () => this.#follow();
    this.#early?.give(collection);
    this.#early = null;
    this.#active.push(collection);
    return collection;
  }

  /** From now on what this run prints is expected in its name, which is returned. */
  name(collection: LogCollection): string {
    if (this.#parsers === null) {
      this.#prefix = randomBytes(8).toString("hex");
      this.#parsers = { 1: this.#parser(1), 2: this.#parser(2) };
    }
    // 0 is nobody.
    this.#names = (this.#names + 1) >>> 0 || 1;
    const run = `${this.#prefix}${hex(this.#names)}`;
    collection.run = run;
    collection.began = this.#loose;
    this.#own.set(run, new OwnOutput(collection, this.#clock));
    return run;
  }

  chunk(stream: Stream, bytes: Buffer): void {
    this.#readJournal();
    this.#bytes += bytes.length;
    if (this.#parsers === null) this.#unnamed(stream, bytes);
    else this.#parsers[stream].push(bytes);
    // Only after the whole chunk: what follows a marker must not meet the next activation's collection.
    for (const each of [...this.#active]) if (each.whole) each.onSealed?.();
  }

  /** No more will come. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#readJournal();
    this.journal?.close();
    this.journal = null;
    for (const stream of [1, 2] as const) {
      this.#parsers?.[stream].end();
      for (const each of this.#own.values()) each.flush(stream);
    }
    this.#streams[1].cutter.flush();
    this.#streams[2].cutter.flush();
    for (const each of [...this.#waiting]) each();
  }

  /** After /run was answered: calls `done` once; at once if nothing is missing, else when the markers arrive, the stream
   * ends, or it has been quiet for long enough. `missing`: something was due and did not come; `ending`: the container has
   * ended, so that its stream will. */
  settle(collection: LogCollection, done: (missing: boolean) => void, { ending = false } = {}): void {
    const finish = (missing: boolean) => this.#finish(collection, () => done(missing || collection.torn));
    this.#readThen(() => this.#settle(collection, { finish, ending }));
  }

  #settle(
    collection: LogCollection,
    { finish, ending }: { finish: (missing: boolean) => void; ending: boolean },
  ): void {
    if (collection.quiet && this.#quiet(collection)) {
      if (collection.run !== null) for (const stream of [1, 2] as const) this.#streams[stream].leave(collection);
      finish(false);
      return;
    }
    collection.answered = true;
    if (collection.run === null) {
      this.#streams[1].claim(collection);
      this.#streams[2].claim(collection);
    }
    if (collection.whole) {
      this.sentinelled = true;
      finish(false);
      return;
    }
    if (this.ended) {
      finish(false);
      return;
    }
    const awaited = (this.sentinelled || collection.run !== null) && !collection.quiet;
    const wait = awaited || ending ? SENTINEL_WAIT : QUIET_WAIT;
    let rounds = 0;
    let seen = this.#bytes;
    let timer: NodeJS.Timeout;
    const stop = (missing: boolean) => {
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
      timer = setTimeout(quiet, wait);
    };
    this.#waiting.add(over);
    collection.onSealed = () => {
      this.sentinelled = true;
      over();
    };
    arm();
  }

  /** For a run that has not begun after all. */
  drop(collection: LogCollection): void {
    this.#finish(collection, () => collection.discard());
  }

  /** Init may have written markers of its own: the run's are still to come. */
  reopen(collection: LogCollection): void {
    collection.sealed = 0;
  }

  /** Believes a runtime that says nothing was printed, unless something has come, now or after an earlier run. */
  #quiet(collection: LogCollection): boolean {
    if (collection.run !== null) {
      const printed = this.#loose !== collection.began || this.#own.get(collection.run)?.printed === true;
      if (printed) this.noisy = true;
      return !printed;
    }
    if (this.#bytes !== collection.began || this.#astray > 0) this.noisy = true;
    return this.#bytes === collection.began;
  }

  #journaled({ run, stream, at }: { run: number; stream: Stream; at: number }, bytes: Buffer): void {
    const now = Date.now();
    // What cannot be is not believed.
    this.#printedAt = at <= now && at > now - MAX_AGO ? at : now;
    const own = run === 0 ? undefined : this.#own.get(`${this.#prefix}${hex(run)}`);
    if (own !== undefined) own.take(stream, bytes);
    else if (run === 0) this.#streams[stream].cutter.push(bytes);
    else this.stray += bytes.length;
    this.#printedAt = null;
  }

  /** All of it, in this turn. */
  #readJournal(): void {
    if (this.journal?.read(this.#written, MAX_JOURNAL) === true) this.journal.skip(this.#written);
  }

  /** Some of it in each turn; in this one if that is all. */
  #readThen(then: () => void, done = 0): void {
    if (this.journal?.read(this.#written, done === 0 ? FIRST_SLICE : SLICE) !== true) {
      then();
      return;
    }
    const more = () => this.#readThen(then, done + SLICE);
    if (done >= MAX_JOURNAL) {
      this.journal.skip(this.#written);
      then();
    } else if (done === 0 && this.journal.left > SLICE) setTimeout(more, AFTER_ANSWER);
    else setImmediate(more);
  }

  #follow(): void {
    this.#following ??= setInterval(() => {
      this.#readJournal();
      if (this.#active.some((each) => each.onMore !== null)) return;
      if (this.#following !== null) clearInterval(this.#following);
      this.#following = null;
    }, LOOK_EVERY).unref();
  }

  #parser(stream: Stream): NamedOutput {
    return new NamedOutput(this.#prefix, {
      named: (run, bytes) => {
        const own = this.#own.get(run);
        if (own === undefined) this.stray += bytes.length;
        else own.push(stream, bytes);
      },
      ended: (run) => {
        const own = this.#own.get(run);
        if (own === undefined) return;
        this.#streams[stream].leave(own.collection);
        own.seal(stream);
      },
      loose: (bytes) => this.#unnamed(stream, bytes),
    });
  }

  #unnamed(stream: Stream, bytes: Buffer): void {
    this.#loose += bytes.length;
    this.#streams[stream].cutter.push(bytes);
  }

  #finish(collection: LogCollection, then: () => void): void {
    if (collection.run !== null) {
      for (const stream of [1, 2] as const) this.#own.get(collection.run)?.flush(stream);
      this.#own.delete(collection.run);
    }
    const at = this.#active.indexOf(collection);
    if (this.#active.length === 1) {
      // What was written without a line end is still this activation's, unless its stream was closed by a marker.
      for (const stream of [1, 2] as const) {
        if ((collection.sealed & stream) === 0) this.#streams[stream].cutter.flush();
        else this.#streams[stream].cutter.drop();
      }
    }
    if (at >= 0) this.#active.splice(at, 1);
    then();
  }
}

function hex(run: number): string {
  return run.toString(16).padStart(8, "0");
}
