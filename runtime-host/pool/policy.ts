// What the pool should do next, as a function of its state and the time. One step at a time: the pool writes each step
// into the state before it asks again. First those who wait, in order; then housekeeping.

import type { PoolState, Slot, Waiter } from "./pool-state.ts";
import { prewarm } from "./prewarming.ts";

/** One thing for the pool to do. It is written into the state before the next one is asked for. */
export type PoolStep<W extends Waiter = Waiter> =
  /** Give the waiter this container, which has room for it. A paused one is resumed first. */
  | { do: "run"; waiter: W; slot: Slot }
  /** Make a container: for whoever of that key waits longest when it is ready, or prewarmed (key null). */
  | { do: "create"; runtime: string; memory: number; key: string | null; waiter?: W }
  | { do: "remove"; slot: Slot; why: "room" | "ahead" | "idle" | "surplus" | "squeezed" }
  | { do: "pause"; slot: Slot };

/** ms a container's output may take to settle before another is made in its place. */
const DRAINING_LOGS_MS = 25;
/** ms a container that takes several runs may need for its action before another is made in its place. */
const OPENING_MS = 1_000;
/** Part of the time a start takes here that a call rather waits for a busy container than having one made. */
const WORTH_WAITING_SHARE = 0.1;
/** The same for one that is prewarmed: it is quicker, but another is made in its place. */
const WORTH_SPARING_SHARE = 0.05;
/** ms a paused container takes to come back. */
const RESUMING_MS = 15;
/** ms during which a cold start makes room for the next. */
const RECENT_MS = 5_000;
/** Containers that leave at once because the machine is short of memory. */
const MAX_LEAVING = 4;
/** ms since its last use before a container is given up ahead of need. */
const MIN_AHEAD_AGE_MS = 1_000;

/** The container a call would run in at once, or null. The hot path asks this alone. */
export function warm(pool: PoolState, wish: Pick<Waiter, "key">): Slot | null {
  let found: Slot | null = null;
  const list = pool.ofKey(wish.key);
  for (let at = list.length - 1; at >= 0; at--) {
    const slot = list[at] as Slot;
    if (slot.retiring) continue;
    if (slot.state === "idle") {
      // The one used last, so that surplus ones grow old.
      if (found === null || found.state !== "idle" || found.usedAt < slot.usedAt) found = slot;
    } else if (slot.state === "busy" && slot.running < slot.concurrency && found === null) found = slot;
  }
  return found !== null && fits(pool, found) ? found : null;
}

/** Null when there is nothing to do before something changes or time passes. */
export function nextStep<W extends Waiter>(pool: PoolState<W>, now: number): PoolStep<W> | null {
  return serve(pool, now) ?? tend(pool, now);
}

/** "busy": the line is full, or the call needs more memory than there is in all. */
export type PoolRefusal = "busy";

/** Why a call should not even wait, or null. */
export function refusal(pool: PoolState, wish: Pick<Waiter, "memory">): PoolRefusal | null {
  return wish.memory > pool.limits.memoryMb || pool.waiting.length >= pool.limits.waiting ? "busy" : null;
}

function serve<W extends Waiter>(pool: PoolState<W>, now: number): PoolStep<W> | null {
  const { limits, waiting } = pool;
  const claimed = new Map<string, number>();
  // Nothing changes until a step is returned: one look per key, however many wait.
  const found = new Map<string, Slot | null>();
  let blocked = false;
  for (const waiter of waiting) {
    // Nobody takes what the one who waits longest could have, once that has waited for too long.
    if (blocked && now - (waiting[0] as W).since > limits.patienceMs) return null;
    const seen = found.get(waiter.key);
    const slot = seen === undefined ? usable(pool, waiter) : seen;
    found.set(waiter.key, slot);
    // Coming back from a pause costs the machine a good part of a start.
    const isDear = slot !== null && (slot.key === null || slot.state === "paused");
    if (isDear && claim(claimed, waiter.key, coming(pool, waiter, { now, part: WORTH_SPARING_SHARE }))) continue;
    if (slot !== null) {
      if (fits(pool, slot)) return { do: "run", waiter, slot };
      blocked = true;
      continue;
    }
    if (claim(claimed, waiter.key, coming(pool, waiter, { now, part: WORTH_WAITING_SHARE }))) continue;
    const blank = `@${waiter.runtime}@${waiter.memory}`;
    if (claim(claimed, blank, prewarming(pool, waiter))) continue;
    if (blocked) continue;
    const step = makeRoom(pool, waiter);
    if (step !== null) return step;
    blocked = true;
  }
  return null;
}

/** Creates, or evicts the oldest idle container; null if that has to wait for something under way. */
function makeRoom<W extends Waiter>(pool: PoolState<W>, waiter: W): PoolStep<W> | null {
  const { limits } = pool;
  const { key, runtime, memory } = waiter;
  if (pool.active + memory > limits.memoryMb) return null;
  const tooMuch = pool.crowded(memory);
  const tooMany = pool.size >= limits.containers;
  if (!tooMuch && !tooMany) {
    if (pool.count("creating") < limits.creations) return { do: "create", runtime, memory, key, waiter };
    return null;
  }
  let leaving = 0;
  for (const slot of pool.slots) if (slot.state === "removing") leaving += pool.weight(slot);
  const enough = !pool.crowded(memory, leaving);
  if (enough && pool.size - pool.count("removing") < limits.containers) return null;
  const victim = oldest(pool);
  return victim === null ? null : { do: "remove", slot: victim, why: "room" };
}

function tend<W extends Waiter>(pool: PoolState<W>, now: number): PoolStep<W> | null {
  const { limits } = pool;
  // One at a time, and not while others come back: it is the same work for the engine, and nobody waits for it.
  const calm = pool.count("pausing") + pool.count("resuming") === 0;
  for (const slot of pool.slots) {
    const { state } = slot;
    if (calm && state === "idle" && now - slot.usedAt >= limits.pauseGraceMs) return { do: "pause", slot };
    const old = now - slot.usedAt >= limits.idleTimeoutMs;
    if (old && (state === "idle" || state === "paused" || (state === "ready" && slot.key !== null))) {
      return { do: "remove", slot, why: "idle" };
    }
  }
  if (pool.squeezed && pool.count("removing") < MAX_LEAVING) {
    const victim = oldest(pool);
    if (victim !== null) return { do: "remove", slot: victim, why: "squeezed" };
  }
  if (pool.waiting.length > 0) return null;
  return ahead(pool, now) ?? prewarm(pool, now);
}

/** While new actions keep coming, room for one more is kept free, at the price of what has been idle longest. */
function ahead<W extends Waiter>(pool: PoolState<W>, now: number): PoolStep<W> | null {
  let memory = 0;
  for (const each of pool.demand) if (now - each.at < RECENT_MS) memory = Math.max(memory, each.memory);
  if (memory === 0 || pool.count("removing") > 0) return null;
  const { limits } = pool;
  if (!pool.crowded(memory) && pool.size < limits.containers) return null;
  const victim = oldest(pool);
  if (victim === null || victim.state === "ready" || now - victim.usedAt < MIN_AHEAD_AGE_MS) return null;
  return { do: "remove", slot: victim, why: "ahead" };
}

/** Warm, then paused, then made for this key, then prewarmed. */
function usable(pool: PoolState, waiter: Waiter): Slot | null {
  const running = warm(pool, waiter);
  if (running !== null) return running;
  let best: Slot | null = null;
  for (const slot of pool.ofKey(waiter.key)) {
    if (slot.retiring) continue;
    if (slot.state === "idle") return slot;
    if (slot.state === "paused" || (slot.state === "ready" && best === null)) best = slot;
  }
  if (best !== null) return best;
  for (const slot of pool.slots) {
    const free = slot.state === "ready" && slot.key === null && !slot.retiring;
    if (free && slot.runtime === waiter.runtime && slot.memory === waiter.memory) return slot;
  }
  return null;
}

/** Whether it may start (one more) run without the runs' memory growing past the limit. */
function fits(pool: PoolState, slot: Slot): boolean {
  return slot.state === "busy" || pool.active + slot.memory <= pool.limits.memoryMb;
}

/** Runs that containers of this key can take soon without anything new being made. */
function coming(pool: PoolState, { key, since }: Waiter, { now, part }: { now: number; part: number }): number {
  let runs = 0;
  const worth = part * pool.startTime;
  // Who has waited longer than was promised is not put off again.
  const meanRunMs = now - since < 2 * worth ? pool.meanRunMs(key) : null;
  const turnsIn = (ms: number) => (meanRunMs === null ? 0 : Math.max(0, Math.floor(ms / Math.max(meanRunMs, 0.5))));
  const turns = turnsIn(worth);
  const turnsAfter = turnsIn(worth - RESUMING_MS);
  for (const slot of pool.ofKey(key)) {
    if (slot.retiring) continue;
    const { state } = slot;
    const soon =
      state === "creating" || state === "pausing" || (state === "drainingLogs" && now - slot.since < DRAINING_LOGS_MS);
    if (soon) runs += Math.max(slot.expectedConcurrency, slot.concurrency);
    // Its first run may still be handing it the action; then others join.
    else if (state === "busy" && slot.expectedConcurrency > slot.concurrency) {
      if (now - slot.since < OPENING_MS) runs += slot.expectedConcurrency - slot.running;
    } else if (state === "busy") runs += turns * slot.concurrency;
    else if (state === "resuming") runs += slot.concurrency - slot.running + turnsAfter * slot.concurrency;
  }
  return runs;
}

/** Prewarmed containers under way that would do. */
function prewarming(pool: PoolState, { runtime, memory }: Waiter): number {
  if (pool.count("creating") === 0) return 0;
  let count = 0;
  for (const slot of pool.slots) {
    if (slot.state === "creating" && slot.key === null && slot.runtime === runtime && slot.memory === memory) count++;
  }
  return count;
}

/** Takes one of `count`, if earlier waiters have left one. */
function claim(claimed: Map<string, number>, name: string, count: number): boolean {
  const taken = claimed.get(name) ?? 0;
  if (taken >= count) return false;
  claimed.set(name, taken + 1);
  return true;
}

/** Idle longest; then made and never used; then prewarmed. */
function oldest(pool: PoolState): Slot | null {
  let found: Slot | null = null;
  let rank = 0;
  for (const slot of pool.slots) {
    const { state } = slot;
    const value = state === "idle" || state === "paused" ? 3 : state !== "ready" ? 0 : slot.key !== null ? 2 : 1;
    if (value === 0 || value < rank) continue;
    if (value > rank || found === null || slot.usedAt < found.usedAt) found = slot;
    rank = value;
  }
  return found;
}
