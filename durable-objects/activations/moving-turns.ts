// Objects that move records take turns: on one machine all of them have one thread, and there are as many of them as
// namespaces have shards. A piece of work begins when nobody has the turn and the rest after the last one is over.

import type { AlarmPorts } from "../shared/ports.ts";

/** Of the time pieces take one part in so many, and on one machine they take a processor all that time. */
const SHARE = 6;
const REST_MS = { min: 10, max: 10_000 };
/** ms after which a turn is nobody's: whoever had it is lost, or waits for a place that does not answer. */
const LOST_MS = 10_000;
/** ms until one that waits asks again: the first in line soon, each behind it later. */
const ASK_MS = { first: 50, each: 20, max: 5_000 };
/** ms by which one may be late with that before it loses its place. */
const LATE_MS = 2_000;

/** Runs one piece of an object's work in its turn. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** The turns of one isolate. */
export class MovingTurns {
  /** Epoch ms. */
  #freeAt = 0;
  /** Those that wait, in line: when each asks again at the latest (epoch ms). */
  readonly #line = new Map<string, number>();

  /** 0: the turn is this object's until it says `over`. Else ms after which it asks again. */
  ask(who: string, now: number): number {
    const place = this.#placeOf(who, now);
    const left = this.#freeAt - now;
    // More than anybody may have left: the clock was set back.
    const isFree = left <= 0 || left > Math.max(LOST_MS, REST_MS.max);
    if (isFree && place === 0) {
      this.#line.delete(who);
      this.#freeAt = now + LOST_MS;
      return 0;
    }
    const ms = Math.min(ASK_MS.max, ASK_MS.first + place * ASK_MS.each);
    this.#line.set(who, now + ms + LATE_MS);
    return ms;
  }

  /** How many wait before it. */
  #placeOf(who: string, now: number): number {
    let place = 0;
    for (const [other, latest] of this.#line) {
      if (other === who) return place;
      if (now > latest || latest - now > ASK_MS.max + LATE_MS) this.#line.delete(other);
      else place++;
    }
    return place;
  }

  /** A piece that began then (epoch ms) is over. */
  over(began: number, now: number): void {
    this.#freeAt = now + Math.min(REST_MS.max, Math.max(REST_MS.min, (now - began) * (SHARE - 1)));
  }
}

/** `who`: the object's name. */
export function inTurnOf(who: string, ports: Pick<AlarmPorts, "now" | "after"> & { turns: MovingTurns }): InTurn {
  const ask = () => ports.turns.ask(who, ports.now());
  return async (work) => {
    for (let ms = ask(); ms > 0; ms = ask()) await new Promise<void>((resolve) => ports.after(ms, resolve));
    const began = ports.now();
    try {
      return await work();
    } finally {
      ports.turns.over(began, ports.now());
    }
  };
}
