// How much of what a pool holds, and what has happened in it, for whoever counts. Pure.

/** Sizes are what callers ask for: not without bound. */
const MAX_TALLIED = 100;

/** What has happened since the pool was opened. */
export interface PoolTally {
  /** Calls that went to another container, since theirs did not take them. */
  rescheduled: number;
  /** By runtime and memory: containers made for a call, where some of the kind are kept ready. */
  readonly prewarmColdstart: Map<string, PoolTallied>;
  /** The same: prewarmed containers that were removed without having run. */
  readonly prewarmExpired: Map<string, PoolTallied>;
}

export interface PoolTallied {
  readonly runtime: string;
  readonly memory: number;
  count: number;
}

export interface PoolHeld {
  count: number;
  /** By their limits. */
  mb: number;
}

export interface PoolSizes {
  readonly waiting: PoolHeld;
  readonly active: PoolHeld;
  readonly prewarmed: PoolHeld;
  readonly idle: PoolHeld;
  readonly tally: PoolTally;
}

export function none(): PoolHeld {
  return { count: 0, mb: 0 };
}

export function grow(held: PoolHeld, mb: number): void {
  held.count++;
  held.mb += mb;
}

export function addTo(
  tally: Map<string, PoolTallied>,
  { runtime, memory }: Pick<PoolTallied, "runtime" | "memory">,
): void {
  const name = `${runtime}@${memory}`;
  const known = tally.get(name) ?? { runtime, memory, count: 0 };
  known.count++;
  if (tally.size < MAX_TALLIED || tally.has(name)) tally.set(name, known);
}
