// What the runtime writes to its journal. Nobody is woken for it: it is read before whatever comes on the streams (it
// was written before), when a run has been answered, and while somebody follows one.

import type { Journal, JournalSink } from "./journal.ts";
import type { LogCollection } from "./log-collection.ts";
import type { LogSource } from "./log-source.ts";
import type { NamedSource } from "./named-source.ts";
import type { StreamSource } from "./stream-source.ts";

/** Read at once, so that a caller does not wait while more is read. */
const FIRST_SLICE_BYTES = 16 * 1024;
/** Read in one turn of the event loop. */
const SLICE_BYTES = 128 * 1024;
/** Read in all for one run: a runtime of ours writes less. */
const MAX_JOURNAL_BYTES = 8 * 1024 * 1024;
/** Before more than a slice is read on: the answer has left a small machine by then, which both would hold up. */
const AFTER_ANSWER_MS = 4;
/** Between two looks into a journal that somebody follows. */
const LOOK_EVERY_MS = 100;
/** What says it is older says what cannot be; an action runs shorter. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

export interface JournalSourceOptions {
  streams: StreamSource;
  named: NamedSource;
  active: readonly LogCollection[];
}

export class JournalSource implements LogSource {
  /** Set once the container is known to have it. */
  journal: Journal | null = null;
  readonly #options: JournalSourceOptions;
  /** When what is being read was printed (ms since 1970); null while nothing is being read. */
  #printedAt: number | null = null;
  #following: NodeJS.Timeout | null = null;
  readonly #sink: JournalSink = {
    printed: (run, stream, bytes, at) => {
      const now = Date.now();
      // What cannot be is not believed.
      this.#printedAt = at <= now && at > now - MAX_AGE_MS ? at : now;
      if (run === 0) this.#options.streams.pushJournaled(stream, bytes);
      else this.#options.named.pushJournaled(run, stream, bytes);
      this.#printedAt = null;
    },
    lost: (bytes) => {
      this.#options.streams.stray += bytes;
      for (const each of this.#options.active) each.incomplete = true;
    },
  };

  constructor(options: JournalSourceOptions) {
    this.#options = options;
  }

  /** Null while what is handed on does not come from here. */
  get printedAt(): number | null {
    return this.#printedAt;
  }

  begin(collection: LogCollection, alone: boolean): void {
    if (alone) {
      this.readAll();
      this.#options.streams.dropJournaled();
    }
    if (this.journal !== null) collection.followed = () => this.#follow();
  }

  /** Its journal has been read when a run has settled. */
  leave(): void {}

  end(): void {
    this.readAll();
    this.journal?.close();
    this.journal = null;
  }

  /** In this turn. */
  readAll(): void {
    if (this.journal?.read(this.#sink, MAX_JOURNAL_BYTES) === true) this.journal.skip(this.#sink);
  }

  /** Some of it in each turn; calls `then` in this one if that is all. */
  readThen(then: () => void, done = 0): void {
    if (this.journal?.read(this.#sink, done === 0 ? FIRST_SLICE_BYTES : SLICE_BYTES) !== true) {
      then();
      return;
    }
    const more = () => this.readThen(then, done + SLICE_BYTES);
    if (done >= MAX_JOURNAL_BYTES) {
      this.journal.skip(this.#sink);
      then();
    } else if (done === 0 && this.journal.left > SLICE_BYTES) setTimeout(more, AFTER_ANSWER_MS);
    else setImmediate(more);
  }

  #follow(): void {
    this.#following ??= setInterval(() => {
      this.readAll();
      if (this.#options.active.some((each) => each.onMore !== null)) return;
      if (this.#following !== null) clearInterval(this.#following);
      this.#following = null;
    }, LOOK_EVERY_MS).unref();
  }
}
