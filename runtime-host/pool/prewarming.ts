// How many containers to keep ready without knowing the action: what is configured, more while many are started (where
// that is allowed), and the same for other memory sizes of those runtimes that were asked for lately. Pure.

import type { Demand, PoolState, PrewarmTarget, Slot } from "./pool-state.ts";

/** What to do so that as many are ready as are wanted. */
export type PrewarmStep =
  | { do: "create"; runtime: string; memory: number; key: null }
  | { do: "remove"; slot: Slot; why: "surplus" };

/** ms a start counts. */
const DEMAND_MS = 60_000;

/** The next step, or null where as many are ready as are wanted, or none can be made now. */
export function prewarm(pool: PoolState, now: number): PrewarmStep | null {
  const { limits } = pool;
  const wanted = wantedOf(pool, now);
  const have = new Map<string, number>();
  for (const slot of pool.slots) {
    if (slot.key !== null || (slot.state !== "ready" && slot.state !== "creating")) continue;
    const name = nameOf(slot);
    have.set(name, (have.get(name) ?? 0) + 1);
  }
  // In order of creation: the oldest goes first.
  for (const slot of pool.slots) {
    if (slot.key !== null || slot.state !== "ready") continue;
    const want = wanted.get(nameOf(slot));
    const surplus = (have.get(nameOf(slot)) ?? 0) > (want?.count ?? 0);
    if (surplus && now - slot.since >= (want?.ttl ?? 0)) return { do: "remove", slot, why: "surplus" };
  }
  if (pool.squeezed || pool.count("creating") >= limits.creations || pool.size >= limits.containers) return null;
  for (const [name, { runtime, memory, count }] of wanted) {
    if ((have.get(name) ?? 0) >= count || pool.crowded(memory)) continue;
    return { do: "create", runtime, memory, key: null };
  }
  return null;
}

interface Wanted {
  runtime: string;
  memory: number;
  count: number;
  /** ms that what is not wanted any more is kept. */
  ttl: number;
}

function wantedOf(pool: PoolState, now: number): Map<string, Wanted> {
  const demands = new Map([...pool.demand].map((each) => [nameOf(each), each]));
  const wanted = new Map<string, Wanted>();
  for (const each of pool.prewarms) {
    const { runtime, memory, count, reactive } = each;
    const lately = countOf(each, demands.get(nameOf(each)), now);
    const initial = reactive === undefined || now < reactive.ttl ? count : 0;
    wanted.set(nameOf(each), { runtime, memory, count: Math.max(initial, lately), ttl: reactive?.ttl ?? 0 });
  }
  for (const demand of demands.values()) {
    const { runtime, memory, at } = demand;
    const like = pool.prewarms.find((each) => each.runtime === runtime);
    if (like === undefined || now - at >= DEMAND_MS || wanted.has(nameOf(demand))) continue;
    wanted.set(nameOf(demand), { runtime, memory, count: countOf(like, demand, now), ttl: 0 });
  }
  return wanted;
}

/** What the starts of the last minute ask for. */
function countOf({ count, reactive }: PrewarmTarget, demand: Demand | undefined, now: number): number {
  if (reactive === undefined) return count;
  const { minCount, maxCount, threshold, increment } = reactive;
  const starts = demand?.times.filter((at) => now - at < DEMAND_MS).length ?? 0;
  return Math.min(maxCount, Math.max(minCount, Math.floor(starts / threshold) * increment));
}

function nameOf({ runtime, memory }: { runtime: string; memory: number }): string {
  return `${runtime}@${memory}`;
}
