// When records leave the object for a shelf, how many at a time, and what follows a failure. Pure; takes `now`.

/** A shelf's bit in a record's `places`. */
export const PLACES = { d1: 1, r2: 2 } as const;
export type ShelfName = keyof typeof PLACES;

/** Records that a shelf lacks, as far as is known. */
export interface Pending {
  count: number;
  /** Characters of their texts. */
  size: number;
  /** Epoch ms at which the oldest of them was made. */
  since: number;
}

/** Records and characters of one batch at most. To D1 it is small: on one machine the thread that writes it also serves
 * the calls, and a thousand records kept them waiting for 0.1 to 0.2 s, two hundred for 20 to 30 ms. */
export const BATCH = { d1: { count: 200, size: 500_000 }, r2: { count: 5_000, size: 8_000_000 } } as const;
/** So many of them go to D1 at once; */
const WORTH = { count: 40, size: 100_000 };
/** fewer wait so long (ms) for others, so that a batch is worth its price; the rest of the minute is for failures. */
const D1_DELAY = 20_000;
/** A segment is written at this size (characters), */
export const SEGMENT_SIZE = 1_000_000;
/** or when its oldest record is so old (ms), */
const R2_DELAY = 600_000;
/** unless there are fewer than this: a namespace of which little is heard has a segment a day. */
const FEW = 10;
const R2_DELAY_OF_FEW = 86_400_000;

const FIRST_RETRY = 1_000;
const MAX_RETRY_MS = 60_000;
/** Records looked at to see what a shelf lacks: no more than a batch has. */
export const LOOKED = { d1: BATCH.d1.count, r2: 2_000 } as const;
/** Of its time a hand-over works at most one part in so many; */
const SHARE = 5;
/** the half where no record has been made for so long (ms), as after the place of records was down:
 * there are no calls here to wait. */
const QUIET = 1_000;
const QUIET_SHARE = 2;
const PAUSE = { min: 10, max: 2_000 };
/** While records are made, ms at least between two batches to D1, and records of one at most. The more calls there are,
 * the larger are batches, since each has its price; and what was left waiting before keeps no call waiting for long. */
const BUSY = { pause: 100, count: 60 };

/** Epoch ms at which these are to be handed over; Infinity where there are none. */
export function dueAt(shelf: ShelfName, pending: Pending | null): number {
  if (pending === null || pending.count === 0) return Number.POSITIVE_INFINITY;
  const { count, size, since } = pending;
  if (shelf === "d1") return count >= WORTH.count || size >= WORTH.size ? since : since + D1_DELAY;
  if (size >= SEGMENT_SIZE || count >= BATCH.r2.count) return since;
  return since + (count < FEW ? R2_DELAY_OF_FEW : R2_DELAY);
}

/** Records of one batch at most, if the last one was made so long ago (ms). */
export function batchCount(shelf: ShelfName, sinceMade: number): number {
  return shelf === "d1" && sinceMade < QUIET ? BUSY.count : BATCH[shelf].count;
}

/** How many of these, by their sizes, make one batch: at least one. */
export function batchLength(shelf: ShelfName, sizes: readonly number[]): number {
  let total = 0;
  for (const [at, size] of sizes.entries()) {
    total += size;
    if (at > 0 && total > BATCH[shelf].size) return at;
  }
  return sizes.length;
}

/** ms until a shelf that failed so often in a row is tried again. */
export function retryAfter(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY * 2 ** Math.min(10, failures - 1));
}

/** ms from a batch that took `ms` to the next one, if the last record was made so long ago (ms). */
export function restAfter(ms: number, sinceMade: number): number {
  return sinceMade < QUIET ? Math.max(BUSY.pause, pauseAfter(ms)) : pauseAfter(ms, QUIET_SHARE);
}

/** ms between two batches, of which the first took `ms`. */
export function pauseAfter(ms: number, share = SHARE): number {
  return Math.min(PAUSE.max, Math.max(PAUSE.min, ms * (share - 1)));
}
