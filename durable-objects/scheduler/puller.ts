// Stores that have work nobody took: when memory frees, they are asked in turn. All soft; a store that is forgotten here
// offers again by itself.

import type { Offer, StoreName } from "../../src/protocol/rpc.ts";

/** Offers asked for at once. */
const MOST_OFFERS = 64;
/** MB asked for at once; kept free of other work until the answer is there. */
const MOST_MEMORY = 2048;
const MOST_STORES = 10_000;
/** ms after which an answer is not taken any more: the store asks 5 s after it marked the rows, and must then be told that
 * they are held, or never hear of them again. */
const STALE_AFTER = 3_000;

export interface PullerEvents {
  now(): number;
  /** MB that could be given away now; 0 if nothing is admitted. */
  free(): number;
  total(): number;
  pull(store: StoreName, options: { memory: number; max: number }): Promise<Offer[]>;
  /** Starts what was pulled. */
  start(store: StoreName, offers: Offer[]): void;
  warn(text: string): void;
}

export class Puller {
  /** In the order they will be asked; the number is the memory (MB) for which the store last had nothing. */
  readonly #stores = new Map<StoreName, number>();
  readonly #events: PullerEvents;
  #asking = false;
  /** MB promised to the answer under way. */
  reserved = 0;

  constructor(events: PullerEvents) {
    this.#events = events;
  }

  /** The store has work for anybody. */
  add(store: StoreName): void {
    if (!this.#stores.has(store) && this.#stores.size >= MOST_STORES) return;
    this.#stores.set(store, 0);
  }

  /** Asks the next store if there is room. */
  pump(): void {
    if (this.#asking || this.#stores.size === 0) return;
    const free = this.#events.free();
    const memory = Math.min(free, Math.max(MOST_MEMORY, this.#events.total() / 2));
    if (memory <= 0) return;
    for (const [store, nothingFor] of this.#stores) {
      if (nothingFor >= memory) continue;
      void this.#ask(store, memory);
      return;
    }
  }

  async #ask(store: StoreName, memory: number): Promise<void> {
    this.#asking = true;
    this.reserved = memory;
    this.#stores.delete(store);
    let offers: Offer[] = [];
    const asked = this.#events.now();
    try {
      offers = await this.#events.pull(store, { memory, max: MOST_OFFERS });
      const everything = memory >= Math.min(this.#events.total(), MOST_MEMORY);
      if (offers.length > 0) this.add(store);
      else if (!everything && !this.#stores.has(store)) this.#stores.set(store, memory);
    } catch (error) {
      this.#events.warn(`a store could not be asked for work: ${String(error)}`);
    }
    this.#asking = false;
    this.reserved = 0;
    if (this.#events.now() - asked > STALE_AFTER) offers = [];
    if (offers.length > 0) this.#events.start(store, offers);
    this.pump();
  }
}
