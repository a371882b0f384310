// What comes in the name of one run: its lines are its own, whatever else is printed between their pieces.

import type { LogCollection, Stream } from "./log-collection.ts";
import { LineCutter } from "./log-lines.ts";

export class OwnOutput {
  printed = false;
  readonly collection: LogCollection;
  readonly #clock: () => number;
  readonly #cutters: Readonly<Record<Stream, LineCutter>>;

  /** `clock`: when what comes was printed. */
  constructor(collection: LogCollection, clock: () => number) {
    this.collection = collection;
    this.#clock = clock;
    this.#cutters = { 1: this.#cutter(1), 2: this.#cutter(2) };
  }

  /** Came on a stream. */
  push(stream: Stream, bytes: Buffer): void {
    this.printed = true;
    this.take(stream, bytes);
  }

  take(stream: Stream, bytes: Buffer): void {
    this.#cutters[stream].push(bytes);
  }

  flush(stream: Stream): void {
    this.#cutters[stream].flush();
  }

  /** Its end marker has come. */
  seal(stream: Stream): void {
    this.flush(stream);
    this.collection.seal(stream);
  }

  #cutter(stream: Stream): LineCutter {
    const { collection } = this;
    return new LineCutter({
      line: (bytes) => collection.line(stream, bytes, { now: this.#clock(), shared: false }),
      skipped: (bytes) => collection.skipped(bytes),
      // The text of a marker in a run's own name is only text, and not worth a line.
      sentinel: () => {},
      get skipping() {
        return collection.full;
      },
    });
  }
}
