// Who may work now: so many of one key at once, and so many in all. Who waits for a key that is full lets others pass.

export class Semaphore {
  readonly #most: { each: number; all: number };
  readonly #busy = new Map<string, number>();
  #all = 0;
  #waiting: { key: string; start: () => void }[] = [];

  constructor(most: { each: number; all: number }) {
    this.#most = most;
  }

  /** Resolves when it is this one's turn. */
  take(key: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ key, start: resolve });
      this.#next();
    });
  }

  /** The turn of one of this key is over. */
  give(key: string): void {
    const left = (this.#busy.get(key) ?? 0) - 1;
    if (left > 0) this.#busy.set(key, left);
    else this.#busy.delete(key);
    this.#all--;
    this.#next();
  }

  #next(): void {
    if (this.#all >= this.#most.all) return;
    const at = this.#waiting.findIndex(({ key }) => (this.#busy.get(key) ?? 0) < this.#most.each);
    const [first] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (first === undefined) return;
    this.#busy.set(first.key, (this.#busy.get(first.key) ?? 0) + 1);
    this.#all++;
    first.start();
  }
}
