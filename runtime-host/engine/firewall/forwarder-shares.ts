// How much of the forwarder each container and each namespace may hold at once, so that none of them leaves the others
// without. No clock and no I/O but the caller's signal.

export interface Asker {
  /** Its address on the bridge. */
  readonly container: string;
  /** Whose it is; of one that is nobody's yet, its address. */
  readonly namespace: string;
}

export interface ShareLimits {
  readonly total: number;
  readonly perContainer: number;
}

interface Waiter {
  readonly who: Asker;
  readonly go: () => void;
}

/** Places of one kind. A namespace may hold at most as many as are free: one alone gets half of them, two a third each,
 * and whoever comes next always finds some. */
export class Shares {
  readonly #limits: ShareLimits;
  #used = 0;
  readonly #byContainer = new Map<string, number>();
  readonly #byNamespace = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  get used(): number {
    return this.#used;
  }

  take(who: Asker): boolean {
    if (!this.#fits(who)) return false;
    this.#used++;
    count(this.#byContainer, who.container, 1);
    count(this.#byNamespace, who.namespace, 1);
    return true;
  }

  /** Waits for a place. Rejects with the signal's reason. Who waits needs a place elsewhere,
   * which bounds how many do. */
  turn(who: Asker, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.take(who)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      };
      const go = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const waiter = { who, go };
      this.#waiting.add(waiter);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** A place that was taken is free again. */
  give(who: Asker): void {
    this.#used--;
    count(this.#byContainer, who.container, -1);
    count(this.#byNamespace, who.namespace, -1);
    for (let next = this.#next(); next !== null; next = this.#next()) {
      this.#waiting.delete(next);
      this.take(next.who);
      next.go();
    }
  }

  #fits({ container, namespace }: Asker): boolean {
    const free = this.#limits.total - this.#used;
    return (
      (this.#byContainer.get(container) ?? 0) < this.#limits.perContainer &&
      (this.#byNamespace.get(namespace) ?? 0) < free
    );
  }

  /** Of those who may go now, the one whose namespace holds least; of those, who came first. */
  #next(): Waiter | null {
    let found: Waiter | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiting) {
      const held = this.#byNamespace.get(waiter.who.namespace) ?? 0;
      if (held >= least || !this.#fits(waiter.who)) continue;
      found = waiter;
      least = held;
    }
    return found;
  }
}

function count(map: Map<string, number>, key: string, change: 1 | -1): void {
  const value = (map.get(key) ?? 0) + change;
  if (value === 0) map.delete(key);
  else map.set(key, value);
}
