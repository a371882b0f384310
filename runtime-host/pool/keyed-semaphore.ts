// Bounds how many of one kind of work are under way; the others wait in line.

export class KeyedSemaphore {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #under = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#under < this.#most) this.#under++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next one, if there is one.
      const next = this.#waiting.shift();
      if (next === undefined) this.#under--;
      else next();
    }
  }
}
