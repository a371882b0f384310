// What a container prints on stdout and stderr in nobody's name: it belongs to whoever is running then.

import { EarlyOutput } from "./early-output.ts";
import type { LogCollection, Stream } from "./log-collection.ts";
import type { LogSource } from "./log-source.ts";
import { StreamSink } from "./stream-sink.ts";

export interface StreamSourceOptions {
  /** Collections of the runs under way, in order of their begin. */
  active: readonly LogCollection[];
  /** When what is read now was printed: ms since 1970. */
  clock: () => number;
  /** What is read now comes from the journal. */
  journaled: () => boolean;
  /** What is printed before the first run belongs to it. */
  early: boolean;
}

export class StreamSource implements LogSource {
  /** Bytes that belonged to nobody, wherever they came from. */
  stray = 0;
  /** Of these, what came on the streams. */
  strayOnStreams = 0;
  /** Bytes that have come on the streams in nobody's name. */
  bytes = 0;
  readonly #sinks: Readonly<Record<Stream, StreamSink>>;
  #early: EarlyOutput | null;

  constructor({ active, clock, journaled, early }: StreamSourceOptions) {
    this.#early = early ? new EarlyOutput() : null;
    const strayed = (bytes: number) => {
      this.stray += bytes;
      if (!journaled()) this.strayOnStreams += bytes;
    };
    const parts = { active, strayed, clock, early: () => this.#early };
    this.#sinks = { 1: new StreamSink(1, parts), 2: new StreamSink(2, parts) };
  }

  begin(collection: LogCollection, alone: boolean): void {
    if (this.#early !== null) this.end();
    if (alone) for (const stream of [1, 2] as const) this.#sinks[stream].begin();
    this.#early?.give(collection);
    this.#early = null;
  }

  leave(collection: LogCollection, alone: boolean): void {
    if (!alone) return;
    // What was written without a line end is still this activation's, unless its stream was closed by a marker.
    for (const stream of [1, 2] as const) {
      if ((collection.sealed & stream) === 0) this.#sinks[stream].cutter.flush();
      else this.#sinks[stream].cutter.drop();
    }
  }

  end(): void {
    for (const stream of [1, 2] as const) this.#sinks[stream].cutter.flush();
  }

  push(stream: Stream, bytes: Buffer): void {
    this.bytes += bytes.length;
    this.#sinks[stream].cutter.push(bytes);
  }

  /** The same, but it did not come on the stream: the journal has it. */
  pushJournaled(stream: Stream, bytes: Buffer): void {
    this.#sinks[stream].cutter.push(bytes);
  }

  /** What the journal has left without a line end belongs to nobody. */
  dropJournaled(): void {
    for (const stream of [1, 2] as const) this.stray += this.#sinks[stream].cutter.drop();
  }

  /** A run in whose name output comes ends on this stream: see StreamSink.leave. */
  leaveStream(stream: Stream, collection: LogCollection): void {
    this.#sinks[stream].leave(collection);
  }

  /** The run was answered: markers that have come before and were nobody's are its own. */
  claimMarkers(collection: LogCollection): void {
    for (const stream of [1, 2] as const) this.#sinks[stream].claim(collection);
  }
}
