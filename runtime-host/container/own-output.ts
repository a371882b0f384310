// What comes in the name of one run: its lines are its own, whatever else is printed between their pieces.

import type { LogCollection, Stream } from "./log-collection.ts";
import { LineCutter } from "./log-lines.ts";

export class OwnOutput {
  printed = false;
  readonly collection: LogCollection;
  readonly #cutters: Readonly<Record<Stream, LineCutter>>;

  constructor(collection: LogCollection) {
    this.collection = collection;
    this.#cutters = { 1: this.#cutter(1), 2: this.#cutter(2) };
  }

  push(stream: Stream, bytes: Buffer): void {
    this.printed = true;
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
      line: (bytes) => collection.line(stream, bytes, { now: Date.now(), shared: false }),
      skipped: (bytes) => collection.skipped(bytes),
      // The text of a marker in a run's own name is only text, and not worth a line.
      sentinel: () => {},
      get skipping() {
        return collection.full;
      },
    });
  }
}
