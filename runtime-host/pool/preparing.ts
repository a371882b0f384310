// Whether a container may be made ahead of a call: only of memory that nobody uses, one for an action, and no more for
// a namespace than its part of the host. Pure.

import type { PoolState, Slot } from "./pool-state.ts";

/** Part of a host's memory that containers made ahead for one namespace may have together. */
export const PREPARED_SHARE = 0.1;

/** What is about to be called. Memory in MB. */
export interface AheadCall {
  readonly key: string;
  readonly runtime: string;
  readonly memory: number;
  readonly namespaceId: string;
}

/** What a host has for it. */
export type Room =
  /** One is there already, or being made. */
  | { kind: "there"; slot: Slot }
  /** One that was made and has never run is given to it. */
  | { kind: "take"; slot: Slot }
  | { kind: "make" }
  /** Others are being made, or wait: there may be room soon. `have`: MB that are free. */
  | { kind: "later"; have: number; reason: string }
  | { kind: "none"; have: number; reason: string };

/** Where its container comes from, or why there is none. */
export function roomFor(pool: PoolState, wish: AheadCall): Room {
  const { limits } = pool;
  const { memory, runtime } = wish;
  const own = pool.ofKey(wish.key).find((slot) => !slot.retiring && slot.state !== "removing");
  if (own !== undefined) return own.state === "ready" ? { kind: "take", slot: own } : { kind: "there", slot: own };
  const have = Math.max(0, Math.floor(limits.memoryMb - pool.booked));
  const share = Math.floor(limits.memoryMb * PREPARED_SHARE);
  let prepared = 0;
  for (const slot of pool.slots) if (slot.preparedFor === wish.namespaceId) prepared += slot.memory;
  if (prepared + memory > share) {
    const reason = `a namespace has ${share} MB of this host for containers that are made ahead`;
    return { kind: "none", have: Math.min(have, Math.max(0, share - prepared)), reason };
  }
  if (pool.waiting.length > 0) return { kind: "later", have, reason: "calls wait for the host's containers" };
  const blank = blankOf(pool, { runtime, memory });
  // It counts already, with what it holds.
  const more = blank === null ? memory : memory - pool.weight(blank);
  if (pool.booked + more > limits.memoryMb) return { kind: "none", have, reason: "the host's memory is taken" };
  if (blank !== null) return { kind: "take", slot: blank };
  if (pool.squeezed) return { kind: "none", have: 0, reason: "the host's machine is short of memory" };
  if (pool.size >= limits.containers)
    return { kind: "none", have, reason: "the host has as many containers as it may" };
  if (pool.count("creating") >= limits.creations) return { kind: "later", have, reason: "other containers are made" };
  return { kind: "make" };
}

/** Prewarmed, and fit for it. */
function blankOf(pool: PoolState, { runtime, memory }: Pick<AheadCall, "runtime" | "memory">): Slot | null {
  for (const slot of pool.slots) {
    if (slot.state !== "ready" || slot.key !== null || slot.retiring) continue;
    if (slot.runtime === runtime && slot.memory === memory) return slot;
  }
  return null;
}
