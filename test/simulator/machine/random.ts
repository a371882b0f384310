// Seeded randomness: the only source of chance in a simulated world. Same seed, same numbers, on every machine.

export class Random {
  #a: number;

  constructor(seed: number) {
    this.#a = (seed ^ 0x9e3779b9) >>> 0;
    for (let warm = 0; warm < 4; warm++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.#a = (this.#a + 0x6d2b79f5) >>> 0;
    let t = this.#a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Whole number in [from, to]. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** In [from, to), in whole microseconds, so that times print and compare well. */
  ms(from: number, to: number): number {
    return Math.round((from + this.next() * (to - from)) * 1000) / 1000;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(0, list.length - 1)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A generator of its own, so that drawing from one does not shift the other. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4294967296));
  }
}
