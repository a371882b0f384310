// One of a container's two streams: whose its lines and end markers are.

import type { EarlyOutput } from "./early-output.ts";
import type { LogCollection, Stream } from "./log-collection.ts";
import { LineCutter, type LineSink } from "./log-lines.ts";

/** Lines go to every open collection whose marker has not come on it. */
export class StreamSink implements LineSink {
  readonly cutter: LineCutter;
  readonly #stream: Stream;
  readonly #active: readonly LogCollection[];
  readonly #strayed: (bytes: number) => void;
  readonly #clock: () => number;
  readonly #early: () => EarlyOutput | null;
  /** Markers that came while several were running and none was answered. */
  #credit = 0;

  constructor(
    stream: Stream,
    parts: {
      active: readonly LogCollection[];
      strayed: (bytes: number) => void;
      clock: () => number;
      early: () => EarlyOutput | null;
    },
  ) {
    this.#stream = stream;
    this.#active = parts.active;
    this.#strayed = parts.strayed;
    this.#clock = parts.clock;
    this.#early = parts.early;
    this.cutter = new LineCutter(this);
  }

  get skipping(): boolean {
    if (this.#early()?.full === false) return false;
    for (const each of this.#active) if ((each.sealed & this.#stream) === 0 && !each.full) return false;
    return true;
  }

  begin(): void {
    this.#credit = 0;
    this.#strayed(this.cutter.drop());
  }

  line(bytes: Buffer): void {
    const now = this.#clock();
    const takers = this.#active.filter((each) => (each.sealed & this.#stream) === 0);
    for (const each of takers) each.line(this.#stream, bytes, { now, shared: takers.length > 1 });
    const early = this.#early();
    if (early !== null) early.line(this.#stream, bytes, now);
    else if (takers.length === 0) this.#strayed(bytes.length);
  }

  skipped(bytes: number): void {
    const early = this.#early();
    early?.skipped(bytes);
    let taken = early !== null;
    for (const each of this.#active) {
      if ((each.sealed & this.#stream) !== 0) continue;
      each.skipped(bytes);
      taken = true;
    }
    if (!taken) this.#strayed(bytes);
  }

  /** This run ends: it is given what has no line end yet as well, of which others may hear more. */
  leave(collection: LogCollection): void {
    const others = this.#active.some((each) => each !== collection && (each.sealed & this.#stream) === 0);
    const { rest } = this.cutter;
    if (!others) this.cutter.flush();
    else if (rest.length > 0) collection.line(this.#stream, rest, { now: this.#clock(), shared: true });
  }

  sentinel(): void {
    // Named runs have end markers of their own: what looks like one of the others was printed.
    const unnamed = this.#active.filter((each) => each.run === null);
    const only =
      unnamed.length === 1 ? unnamed[0] : unnamed.find((each) => each.answered && (each.sealed & this.#stream) === 0);
    if (only !== undefined) only.seal(this.#stream);
    else if (unnamed.length > 0) this.#credit++;
  }

  claim(collection: LogCollection): void {
    if (this.#credit === 0 || (collection.sealed & this.#stream) !== 0) return;
    this.#credit--;
    collection.seal(this.#stream);
  }
}
