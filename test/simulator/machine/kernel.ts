// Virtual time: a queue of events in order of (time, sequence). After each event every promise that can settle has
// settled before the next one runs, so asynchronous code under test takes the same path for the same seed.

import type { Random } from "./random.ts";

/** Whoever an event happens to. Events of the dead are dropped, events of the frozen wait until they thaw. */
export interface Owner {
  readonly label: string;
  alive: boolean;
  frozen?: boolean;
  /** ms by which the clock of its machine differs. */
  readonly skew?: number;
}

export interface SimEvent {
  at: number;
  seq: number;
  owner: Owner | null;
  run: (() => void) | null;
}

const EPOCH = 1_800_000_000_000;
/** A world with more events than this goes round in circles. */
const MAX_EVENTS = 100_000;

export class Circles extends Error {}

export class Kernel {
  readonly random: Random;
  /** Who runs now; timers set meanwhile belong to it. */
  owner: Owner | null = null;
  readonly lines: string[] = [];
  events = 0;
  #now = EPOCH;
  #seq = 0;
  #heap: SimEvent[] = [];
  #parked = new Map<Owner, SimEvent[]>();
  #hash = 0x811c9dc5;
  #keep: boolean;

  constructor(random: Random, options: { keepTrace: boolean }) {
    this.random = random;
    this.#keep = options.keepTrace;
  }

  get now(): number {
    return this.#now;
  }

  /** Epoch ms as the machine reads it on which the present owner runs. */
  get clock(): number {
    return this.#now + (this.owner?.skew ?? 0);
  }

  /** ms since the world began. */
  get elapsed(): number {
    return this.#now - EPOCH;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  trace(line: string): void {
    let hash = this.#hash;
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    this.#hash = Math.imul(hash ^ Math.round(this.elapsed * 1000), 0x01000193);
    if (this.#keep) this.lines.push(`${this.elapsed.toFixed(3).padStart(11)} ${line}`);
  }

  /** Runs `run` after `delay` ms on behalf of `owner`. */
  after(delay: number, owner: Owner | null, run: () => void): SimEvent {
    const event: SimEvent = { at: this.#now + Math.max(0, delay), seq: this.#seq++, owner, run };
    this.#push(event);
    return event;
  }

  cancel(event: SimEvent): void {
    event.run = null;
  }

  freeze(owner: Owner): void {
    owner.frozen = true;
  }

  thaw(owner: Owner): void {
    owner.frozen = false;
    const parked = this.#parked.get(owner) ?? [];
    this.#parked.delete(owner);
    for (const event of parked) {
      event.at = this.#now;
      event.seq = this.#seq++;
      this.#push(event);
    }
  }

  /** Runs events until `until` ms after the beginning, or until `done` says so. */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    const end = EPOCH + until;
    while (!done()) {
      const event = this.#heap[0];
      if (event === undefined || event.at > end) break;
      this.#pop();
      if (event.run === null || event.owner?.alive === false) continue;
      if (event.owner?.frozen) {
        const parked = this.#parked.get(event.owner);
        if (parked === undefined) this.#parked.set(event.owner, [event]);
        else parked.push(event);
        continue;
      }
      this.#now = event.at;
      this.owner = event.owner;
      if (++this.events > MAX_EVENTS)
        throw new Circles(`more than ${MAX_EVENTS} events: something goes round in circles`);
      const run = event.run;
      event.run = null;
      run();
      await settle();
      this.owner = null;
    }
    if (this.#now < end && !done()) this.#now = end;
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up]!;
      if (!before(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++;
      if (!before(heap[down]!, last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
  }
}

function before(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}

/** A turn of the real event loop: all microtasks, however many they breed, are over. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
