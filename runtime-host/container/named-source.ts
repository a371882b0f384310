// What comes in the name of one run, where runs overlap and the runtime says whose each piece is.

import { randomBytes } from "node:crypto";
import type { LogCollection, Stream } from "./log-collection.ts";
import type { LogSource } from "./log-source.ts";
import { NamedOutput } from "./named-output.ts";
import { OwnOutput } from "./own-output.ts";
import type { StreamSource } from "./stream-source.ts";

export class NamedSource implements LogSource {
  readonly #streams: StreamSource;
  readonly #clock: () => number;
  /** Runs whose output comes in their name. */
  readonly #own = new Map<string, OwnOutput>();
  /** Null until the first run has got a name: what comes is nobody's by name. */
  #parsers: Readonly<Record<Stream, NamedOutput>> | null = null;
  /** How the names of this container's runs begin: an action cannot print it by accident. */
  #prefix = "";
  #names = 0;

  constructor(streams: StreamSource, clock: () => number) {
    this.#streams = streams;
    this.#clock = clock;
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
    collection.began = this.#streams.bytes;
    this.#own.set(run, new OwnOutput(collection, this.#clock));
    return run;
  }

  /** A run has its name later, or never. */
  begin(): void {}

  leave({ run }: LogCollection): void {
    if (run === null) return;
    for (const stream of [1, 2] as const) this.#own.get(run)?.flush(stream);
    this.#own.delete(run);
  }

  end(): void {
    for (const stream of [1, 2] as const) {
      this.#parsers?.[stream].end();
      for (const each of this.#own.values()) each.flush(stream);
    }
  }

  /** Came on a stream. */
  push(stream: Stream, bytes: Buffer): void {
    if (this.#parsers === null) this.#streams.push(stream, bytes);
    else this.#parsers[stream].push(bytes);
  }

  /** The journal has it; `run` is the number in the run's name. */
  pushJournaled(run: number, stream: Stream, bytes: Buffer): void {
    const own = this.#own.get(`${this.#prefix}${hex(run)}`);
    if (own === undefined) this.#streams.stray += bytes.length;
    else own.take(stream, bytes);
  }

  /** Whether anything has come on the streams in this run's name. */
  printed(run: string): boolean {
    return this.#own.get(run)?.printed === true;
  }

  #parser(stream: Stream): NamedOutput {
    return new NamedOutput(this.#prefix, {
      named: (run, bytes) => {
        const own = this.#own.get(run);
        if (own === undefined) this.#streams.stray += bytes.length;
        else own.push(stream, bytes);
      },
      ended: (run) => {
        const own = this.#own.get(run);
        if (own === undefined) return;
        this.#streams.leaveStream(stream, own.collection);
        own.seal(stream);
      },
      loose: (bytes) => this.#streams.push(stream, bytes),
    });
  }
}

function hex(run: number): string {
  return run.toString(16).padStart(8, "0");
}
