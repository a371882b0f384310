// Stores that have work nobody took: when memory frees, they are asked in turn. All soft; a store that is forgotten here
// offers again by itself.

import type { Offer, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { Cancel } from "./ports.ts";

/** Offers asked for at once. */
const MAX_OFFERS = 64;
/** MB asked for at once. */
const MAX_MEMORY = 2048;
const MAX_STORES = 10_000;
/** ms after which an answer is not taken any more: the store asks 5 s after it marked the rows, and must then be told that
 * they are held, or never hear of them again. */
const ANSWER_WITHIN = 3_000;
/** ms a store is left alone when nothing came of asking it; twice as long each time, up to the most. */
const PAUSE = 100;
const MAX_PAUSE = 30_000;
const MAX_DOUBLINGS = 10;

export interface PullerEvents {
  now(): number;
  after(ms: number, run: () => void): Cancel;
  /** MB that could be given away now; 0 if nothing is admitted. */
  free(): number;
  total(): number;
  pull(store: StoreName, options: { memory: number; max: number }): Promise<Offer[]>;
  /** Starts what was pulled; returns how many were started. */
  start(store: StoreName, offers: Offer[]): number;
  warn(text: string): void;
}

interface Turn {
  /** MB for which the store last had nothing. */
  nothingFor: number;
  /** MB of work this host can run that is known to wait there. */
  wanted: number;
  /** Answers in a row of which nothing was started, and when it may be asked again (epoch ms). */
  vain: number;
  from: number;
}

export class WorkPuller {
  /** In the order they will be asked. */
  readonly #stores = new Map<StoreName, Turn>();
  readonly #events: PullerEvents;
  #asking = false;
  /** When the next pump is due (epoch ms) because of a pause. */
  #timed = Number.POSITIVE_INFINITY;
  /** MB kept free for the answer under way: never more than what is known to wait for this host there, so that what cannot run
   * takes nothing from others. */
  reserved = 0;

  constructor(events: PullerEvents) {
    this.#events = events;
  }

  /** The store has work. `wanted`: MB of it that this host was offered and had no room for. */
  add(store: StoreName, wanted = 0): void {
    const turn = this.#stores.get(store);
    if (turn !== undefined) {
      turn.nothingFor = 0;
      turn.wanted = Math.min(MAX_MEMORY, turn.wanted + wanted);
    } else if (this.#stores.size < MAX_STORES) {
      this.#stores.set(store, { nothingFor: 0, wanted: Math.min(MAX_MEMORY, wanted), vain: 0, from: 0 });
    }
  }

  /** Asks the next store if there is room. */
  pump(): void {
    if (this.#asking || this.#stores.size === 0) return;
    const free = this.#events.free();
    const memory = Math.min(free, Math.max(MAX_MEMORY, this.#events.total() / 2));
    if (memory <= 0) return;
    const now = this.#events.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const [store, turn] of this.#stores) {
      if (turn.nothingFor >= memory) continue;
      if (turn.from > now) {
        earliest = Math.min(earliest, turn.from);
        continue;
      }
      void this.#ask(store, turn, memory);
      return;
    }
    this.#pumpAt(earliest, now);
  }

  #pumpAt(at: number, now: number): void {
    if (at >= this.#timed) return;
    this.#timed = at;
    this.#events.after(at - now, () => {
      if (this.#timed === at) this.#timed = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  async #ask(store: StoreName, turn: Turn, memory: number): Promise<void> {
    this.#asking = true;
    this.reserved = Math.min(memory, turn.wanted);
    this.#stores.delete(store);
    let offers: Offer[] = [];
    try {
      const asked = this.#events.pull(store, { memory, max: MAX_OFFERS });
      offers = await within((ms, run) => this.#events.after(ms, run), ANSWER_WITHIN, asked);
    } catch (error) {
      this.#events.warn(`a store could not be asked for work: ${String(error)}`);
    }
    this.#asking = false;
    this.reserved = 0;
    if (offers.length > 0) this.#goOn(store, turn, offers);
    else {
      const everything = memory >= Math.min(this.#events.total(), MAX_MEMORY);
      const again = this.#stores.has(store);
      if (!everything && !again) this.#stores.set(store, { ...turn, nothingFor: memory, wanted: 0, vain: 0, from: 0 });
    }
    this.pump();
  }

  /** There may be more; who brought nothing that could be started waits for his next turn. */
  #goOn(store: StoreName, turn: Turn, offers: Offer[]): void {
    const started = this.#events.start(store, offers);
    const sum = offers.reduce((total, { invocation }) => total + invocation.about.limits.memory, 0);
    this.add(store, started === 0 ? 0 : sum);
    const next = this.#stores.get(store);
    if (next === undefined || started > 0) return;
    const pause = Math.min(MAX_PAUSE, PAUSE * 2 ** Math.min(MAX_DOUBLINGS, turn.vain));
    next.vain = turn.vain + 1;
    next.from = this.#events.now() + pause;
  }
}
