// The pool's state: which containers there are, in what state, and who waits. Plain data without I/O or clocks, so that
// policy and tests can reason about it; container-pool.ts keeps it true.

import { addTo, grow, none, type PoolSizes, type PoolTally } from "../container/pool-sizes.ts";

/** Where a container is between its creation and its removal. */
export type SlotState =
  /** Being made. */
  | "creating"
  /** Made, has never run: bound to a key, or prewarmed (key null). */
  | "ready"
  /** At least one run under way. */
  | "busy"
  /** Answered; its output is still being read. */
  | "drainingLogs"
  | "idle"
  | "pausing"
  | "paused"
  | "resuming"
  /** On its way out; never used again. */
  | "removing";

/** A container as the policy sees it. Times are ms of one monotonic clock, memory is in MB. */
export interface Slot {
  readonly id: number;
  /** Kind, or `blackbox:<image>`. */
  readonly runtime: string;
  /** MB */
  readonly memory: number;
  /** Namespace uuid, path and revision; null = prewarmed. */
  key: string | null;
  state: SlotState;
  running: number;
  /** Runs it may have at once; 1 until it has its action. */
  concurrency: number;
  /** Runs it is expected to have at once when it has its action. */
  expectedConcurrency: number;
  /** When the state began. */
  since: number;
  /** When it was last made, given or answered. */
  usedAt: number;
  /** MB it was last seen to hold without a run, and when; null = not known. */
  residentMb: number | null;
  residentAt: number;
  /** Takes no more runs; removed when the last one ends. */
  retiring: boolean;
  /** Uuid of the namespace it was made for ahead of a call, until its first run. */
  preparedFor: string | null;
}

/** A call that waits. `key` says which containers it may share, `memory` is in MB, `since` ms of the pool's clock. */
export interface Waiter {
  readonly key: string;
  readonly runtime: string;
  readonly memory: number;
  readonly since: number;
}

/** Bounds of a pool: memory in MB, times in ms. */
export interface PoolLimits {
  /** MB that runs may use together, and what does not run besides. */
  readonly memoryMb: number;
  /** Part of its limit that a container without a run counts with where nobody knows what it holds. */
  readonly idleShare: number;
  /** Containers, whatever their state. */
  readonly containers: number;
  /** Creations under way at once. */
  readonly creations: number;
  readonly waiting: number;
  /** ms after which nobody may overtake the one who waits longest. */
  readonly patienceMs: number;
  readonly pauseGraceMs: number;
  readonly idleTimeoutMs: number;
}

/** Kept ready without knowing the action. */
export interface PrewarmTarget {
  readonly runtime: string;
  readonly memory: number;
  /** At the start; with `reactive` until the first ttl has passed. */
  readonly count: number;
  readonly reactive?: PrewarmDemand;
}

/** Upstream's words: a number that follows what was started in the last minute. */
export interface PrewarmDemand {
  readonly minCount: number;
  readonly maxCount: number;
  /** ms an unused one is kept that is not wanted any more. */
  readonly ttl: number;
  /** Starts per minute that ask for `increment` more. */
  readonly threshold: number;
  readonly increment: number;
}

/** All containers and waiting calls of one pool, with sums that are kept while they change; it does no I/O. */
export class PoolState<W extends Waiter = Waiter> {
  readonly limits: PoolLimits;
  readonly prewarms: readonly PrewarmTarget[];
  /** The machine itself is short of memory. */
  squeezed = false;
  /** In order of arrival. */
  readonly waiting: W[] = [];
  readonly #slots = new Map<number, Slot>();
  /** Slots of each key, in order of creation. */
  readonly #byKey = new Map<string, Slot[]>();
  readonly #counts = new Map<SlotState, number>();
  /** When runs needed a container that had never run, by runtime and memory. */
  readonly #demand = new Map<string, Demand>();
  /** Mean ms of each key's last runs, in order of last use. */
  readonly #meanRunMs = new Map<string, number>();
  readonly #tally: PoolTally = { rescheduled: 0, prewarmColdstart: new Map(), prewarmExpired: new Map() };
  #startTime = MIN_START_MS;
  #nextId = 1;
  #active = 0;
  #booked = 0;

  constructor(limits: PoolLimits, prewarms: readonly PrewarmTarget[] = []) {
    this.limits = limits;
    this.prewarms = prewarms;
  }

  get slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  get size(): number {
    return this.#slots.size;
  }

  /** MB of what runs or is made for somebody who waits. */
  get active(): number {
    return this.#active;
  }

  /** MB in all: what runs with its limit, the others with what they hold. */
  get booked(): number {
    return this.#booked;
  }

  /** Whether those that do not run hold as much as may run, so that one more would be too much once it has run.
   * `leaving`: MB of those on their way out. */
  crowded(memory: number, leaving = 0): boolean {
    const idle = this.#booked - this.#active - leaving;
    return idle + memory * this.limits.idleShare > this.limits.memoryMb;
  }

  get demand(): Iterable<Demand> {
    return this.#demand.values();
  }

  add(slot: { runtime: string; memory: number; key: string | null; now: number; expectedConcurrency?: number }): Slot {
    const { runtime, memory, key, now, expectedConcurrency = 1 } = slot;
    const added: Slot = {
      id: this.#nextId++,
      runtime,
      memory,
      key,
      state: "creating",
      running: 0,
      concurrency: 1,
      expectedConcurrency,
      since: now,
      usedAt: now,
      residentMb: null,
      residentAt: 0,
      retiring: false,
      preparedFor: null,
    };
    this.#slots.set(added.id, added);
    this.#count(added, 1);
    if (key === null) return added;
    this.#list(key).push(added);
    if (this.prewarms.some((each) => each.runtime === runtime && each.memory === memory))
      addTo(this.#tally.prewarmColdstart, added);
    return added;
  }

  /** Its container did not take it: it goes first in line for another. */
  again(waiter: W): void {
    this.waiting.unshift(waiter);
    this.#tally.rescheduled++;
  }

  move(slot: Slot, state: SlotState, now: number): void {
    this.#count(slot, -1);
    slot.state = state;
    slot.since = now;
    this.#count(slot, 1);
  }

  /** Gives a prewarmed container to a key; it is that key's for good. */
  bind(slot: Slot, key: string): void {
    if (slot.key === key) return;
    if (slot.key !== null) throw new Error("a container cannot change hands");
    this.#count(slot, -1);
    slot.key = key;
    this.#count(slot, 1);
    this.#list(key).push(slot);
  }

  remove(slot: Slot): void {
    if (!this.#slots.delete(slot.id)) return;
    this.#count(slot, -1);
    if (slot.key === null) {
      // One that could not be made was never there.
      if (slot.state !== "creating") addTo(this.#tally.prewarmExpired, slot);
      return;
    }
    const list = this.#list(slot.key).filter((each) => each !== slot);
    if (list.length === 0) this.#byKey.delete(slot.key);
    else this.#byKey.set(slot.key, list);
  }

  ofKey(key: string): readonly Slot[] {
    return this.#byKey.get(key) ?? NONE;
  }

  /** Whoever of this key waits longest waits no more. */
  takeWaiting(key: string): W | undefined {
    const at = this.waiting.findIndex((each) => each.key === key);
    return at < 0 ? undefined : this.waiting.splice(at, 1)[0];
  }

  /** Those that began to wait before `moment` wait no more. */
  takeOlder(moment: number): W[] {
    return this.#takeAll((each) => each.since < moment);
  }

  /** Those for whose share no container has been made wait no more. */
  takeUnserved(): W[] {
    const isMade = ({ state, retiring }: Slot) => state !== "creating" && state !== "removing" && !retiring;
    return this.#takeAll((each) => !this.ofKey(each.key).some(isMade));
  }

  count(state: SlotState): number {
    return this.#counts.get(state) ?? 0;
  }

  /** Runs, and containers by what they are good for. */
  figures(): { running: number; warm: number; prewarmed: number; paused: number; memoryUsed: number } {
    let running = 0;
    let prewarmed = 0;
    for (const slot of this.slots) {
      running += slot.running;
      if (slot.state === "ready" && slot.key === null) prewarmed++;
    }
    const warm = this.count("idle") + this.count("drainingLogs");
    return { running, warm, prewarmed, paused: this.count("paused"), memoryUsed: Math.round(this.booked) };
  }

  /** Who waits, and what is held, in counts and MB; and what has happened since it was opened. */
  sizes(): PoolSizes {
    const sizes = { waiting: none(), active: none(), prewarmed: none(), idle: none() };
    for (const { memory } of this.waiting) grow(sizes.waiting, memory);
    for (const slot of this.slots) {
      if (isActive(slot) || slot.state === "drainingLogs") grow(sizes.active, slot.memory);
      else if (slot.key === null && slot.state === "ready") grow(sizes.prewarmed, slot.memory);
      else if (slot.state !== "removing" && slot.state !== "creating") grow(sizes.idle, slot.memory);
    }
    return { ...sizes, tally: this.#tally };
  }

  /** MB it counts with as it stands. */
  weight(slot: Slot): number {
    return isActive(slot) ? slot.memory : (slot.residentMb ?? slot.memory * this.limits.idleShare);
  }

  /** Without a run it holds this many MB. */
  measured(slot: Slot, residentMb: number | null, now: number): void {
    this.#count(slot, -1);
    slot.residentMb = residentMb === null ? null : Math.min(Math.ceil(residentMb), slot.memory);
    slot.residentAt = now;
    this.#count(slot, 1);
  }

  wanted(runtime: string, memory: number, now: number): void {
    const name = `${runtime}@${memory}`;
    const times = this.#demand.get(name)?.times ?? [];
    if (times.push(now) > MAX_STARTS) times.shift();
    this.#demand.delete(name);
    this.#demand.set(name, { runtime, memory, at: now, times });
    if (this.#demand.size > MAX_DEMANDS) this.#demand.delete(this.#demand.keys().next().value as string);
  }

  /** A run of this key took `ms`. */
  ran(key: string, ms: number): void {
    const mean = this.#meanRunMs.get(key);
    this.#meanRunMs.delete(key);
    this.#meanRunMs.set(
      key,
      mean === undefined ? ms : mean + (ms - mean) * (ms < mean ? FASTER_WEIGHT : SLOWER_WEIGHT),
    );
    if (this.#meanRunMs.size > MAX_MEANS) this.#meanRunMs.delete(this.#meanRunMs.keys().next().value as string);
  }

  /** A container was made in `ms`. */
  made(ms: number): void {
    this.#startTime += (ms - this.#startTime) * START_WEIGHT;
  }

  /** Mean ms of the last creations. */
  get startTime(): number {
    return Math.max(MIN_START_MS, this.#startTime);
  }

  /** ms of a run of this key where it is not held up, or null if none is known. */
  meanRunMs(key: string): number | null {
    return this.#meanRunMs.get(key) ?? null;
  }

  #count(slot: Slot, by: 1 | -1): void {
    this.#counts.set(slot.state, this.count(slot.state) + by);
    this.#booked += by * this.weight(slot);
    if (isActive(slot)) this.#active += by * slot.memory;
  }

  #takeAll(which: (each: W) => boolean): W[] {
    const taken = this.waiting.filter(which);
    if (taken.length > 0) this.waiting.splice(0, this.waiting.length, ...this.waiting.filter((each) => !which(each)));
    return taken;
  }

  #list(key: string): Slot[] {
    let list = this.#byKey.get(key);
    if (list === undefined) {
      list = [];
      this.#byKey.set(key, list);
    }
    return list;
  }
}

/** When runs of this runtime and memory needed a container that had never run. */
export interface Demand {
  readonly runtime: string;
  readonly memory: number;
  /** The last one. */
  readonly at: number;
  /** The latest, in order. */
  readonly times: number[];
}

const NONE: readonly Slot[] = [];
const MAX_DEMANDS = 8;
const MAX_STARTS = 256;
const MAX_MEANS = 1_000;
/** ms: what a start costs, where it is quicker, is still work for the machine. */
const MIN_START_MS = 400;
/** Weight of the newest run in a key's mean: runs that are slow because many run at once would not be quicker in more
 * containers, so that the mean follows the quick ones. */
const FASTER_WEIGHT = 0.3;
const SLOWER_WEIGHT = 0.02;
/** Weight of the newest start in the mean. */
const START_WEIGHT = 0.2;

function isActive(slot: Slot): boolean {
  const { state } = slot;
  return state === "busy" || state === "resuming" || (state === "creating" && slot.key !== null);
}
