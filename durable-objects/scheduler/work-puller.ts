// Stores that have work nobody took: when memory frees, they are asked in turn. It owns their order, their pauses and
// the memory kept free for an answer. All soft; a store that is forgotten here offers again by itself.

import type { Offer, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { ObjectPorts } from "../shared/ports.ts";

/** Offers asked for at once. */
const MAX_OFFERS = 64;
/** Asked for at once. */
const MAX_ASKED_MB = 2048;
const MAX_STORES = 10_000;
/** After so long an answer is not taken any more: the store asks 5 s after it has noted to whom it offered the rows,
 * and must then be told that they are held, or never hear of them again. */
const ANSWER_WITHIN_MS = 3_000;
/** A store is left alone for so long when nothing came of asking it; twice as long each time, up to the most. */
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
const MAX_DOUBLINGS = 10;

export interface WorkPullerPorts extends ObjectPorts {
  /** MB that could be given away now; 0 if nothing is admitted. */
  freeMb(): number;
  totalMb(): number;
  pull(store: StoreName, options: { memory: number; max: number }): Promise<Offer[]>;
  /** Starts what was pulled; returns how many were started. */
  start(store: StoreName, offers: Offer[]): number;
}

interface Candidate {
  /** MB for which the store last had nothing. */
  nothingForMb: number;
  /** MB of work this host can run that is known to wait there. */
  wantedMb: number;
  /** Answers in a row of which nothing was started, and when it may be asked again (epoch ms). */
  failures: number;
  from: number;
}

export class WorkPuller {
  /** In the order they will be asked. */
  readonly #stores = new Map<StoreName, Candidate>();
  readonly #ports: WorkPullerPorts;
  #asking = false;
  /** When the next pump is due (epoch ms) because of a pause. */
  #timed = Number.POSITIVE_INFINITY;
  #reservedMb = 0;

  constructor(ports: WorkPullerPorts) {
    this.#ports = ports;
  }

  /** MB kept free for the answer under way: never more than what is known to wait for this host there, so that what
   * cannot run takes nothing from others. */
  get reservedMb(): number {
    return this.#reservedMb;
  }

  /** The store has work. `wantedMb`: of it this host was offered so much and had no room for it. */
  add(store: StoreName, wantedMb = 0): void {
    const candidate = this.#stores.get(store);
    if (candidate !== undefined) {
      candidate.nothingForMb = 0;
      candidate.wantedMb = Math.min(MAX_ASKED_MB, candidate.wantedMb + wantedMb);
    } else if (this.#stores.size < MAX_STORES) {
      this.#stores.set(store, { nothingForMb: 0, wantedMb: Math.min(MAX_ASKED_MB, wantedMb), failures: 0, from: 0 });
    }
  }

  /** Asks the next store if there is room. */
  pump(): void {
    if (this.#asking || this.#stores.size === 0) return;
    const free = this.#ports.freeMb();
    const memory = Math.min(free, Math.max(MAX_ASKED_MB, this.#ports.totalMb() / 2));
    if (memory <= 0) return;
    const now = this.#ports.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const [store, candidate] of this.#stores) {
      if (candidate.nothingForMb >= memory) continue;
      if (candidate.from > now) {
        earliest = Math.min(earliest, candidate.from);
        continue;
      }
      void this.#ask(store, candidate, memory);
      return;
    }
    this.#pumpAt(earliest, now);
  }

  #pumpAt(at: number, now: number): void {
    if (at >= this.#timed) return;
    this.#timed = at;
    this.#ports.after(at - now, () => {
      if (this.#timed === at) this.#timed = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  async #ask(store: StoreName, candidate: Candidate, memory: number): Promise<void> {
    this.#asking = true;
    this.#reservedMb = Math.min(memory, candidate.wantedMb);
    this.#stores.delete(store);
    let offers: Offer[] = [];
    try {
      const asked = this.#ports.pull(store, { memory, max: MAX_OFFERS });
      offers = await within((ms, run) => this.#ports.after(ms, run), ANSWER_WITHIN_MS, asked);
    } catch (error) {
      this.#ports.warn(`a store could not be asked for work: ${String(error)}`);
    }
    this.#asking = false;
    this.#reservedMb = 0;
    if (offers.length > 0) this.#goOn(store, candidate, offers);
    else {
      const everything = memory >= Math.min(this.#ports.totalMb(), MAX_ASKED_MB);
      const again = this.#stores.has(store);
      if (!everything && !again)
        this.#stores.set(store, { ...candidate, nothingForMb: memory, wantedMb: 0, failures: 0, from: 0 });
    }
    this.pump();
  }

  /** There may be more; who brought nothing that could be started waits for its next turn. */
  #goOn(store: StoreName, candidate: Candidate, offers: Offer[]): void {
    const started = this.#ports.start(store, offers);
    const sum = offers.reduce((total, { invocation }) => total + invocation.about.limits.memory, 0);
    this.add(store, started === 0 ? 0 : sum);
    const next = this.#stores.get(store);
    if (next === undefined || started > 0) return;
    const pause = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** Math.min(MAX_DOUBLINGS, candidate.failures));
    next.failures = candidate.failures + 1;
    next.from = this.#ports.now() + pause;
  }
}
