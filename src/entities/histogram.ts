// How many values lie in which range, where each range is 15 % wider than the one before: a few counts tell each
// percentile of millions of values, wrong by 7 % at most. Histograms of different places add up to that of all.

/** Counts by bucket: `b` holds values above GROWTH^(b-1) and up to GROWTH^b, and 0 all up to 1. */
export type Histogram = Record<string, number>;

const GROWTH = 1.15;
const LOG = Math.log(GROWTH);
/** The bucket of what is longer than a year in ms. */
const LAST = 180;

export function bucketOf(value: number): number {
  if (!(value > 1)) return 0;
  return Math.min(LAST, Math.ceil(Math.log(value) / LOG - 1e-9));
}

/** The value that stands for a bucket: its middle, as ratios go. */
export function middleOf(bucket: number): number {
  return bucket === 0 ? 1 : (2 * GROWTH ** bucket) / (GROWTH + 1);
}

export function addValue(histogram: Histogram, value: number): void {
  const bucket = bucketOf(value);
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

/** Adds the second to the first. */
export function addHistogram(to: Histogram, from: Histogram): void {
  for (const [bucket, count] of Object.entries(from)) to[bucket] = (to[bucket] ?? 0) + count;
}

/** The values below which these shares (0 to 1) of all lie; null for each where there is none. */
export function percentiles(histogram: Histogram, shares: readonly number[]): (number | null)[] {
  const counts = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((one, other) => one.bucket - other.bucket);
  const total = counts.reduce((sum, each) => sum + each.count, 0);
  return shares.map((share) => {
    const rank = Math.max(1, Math.ceil(share * total));
    let passed = 0;
    for (const { bucket, count } of counts) {
      passed += count;
      if (passed >= rank) return Math.round(middleOf(bucket) * 100) / 100;
    }
    return null;
  });
}
