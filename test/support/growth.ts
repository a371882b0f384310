// How work grows with its size, on a machine that does other things meanwhile: two sizes are compared, each by its best round.

/** The large size is so many times the small one; so are its costs, where they grow with the size. */
export const TIMES = 16;
/** What the memory costs that more work takes comes on top; where work grows with the square, it is TIMES × TIMES. */
export const LINEAR = 6 * TIMES;
const ROUNDS = 4;
/** ms; what takes less is noise. */
const LEAST = 0.5;

/** How many times longer `work(TIMES)` takes than `work(1)`. */
export function growth(work: (scale: number) => unknown): number {
  const [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].map((start, at) => {
    let best = start;
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      work(at === 0 ? 1 : TIMES);
      best = Math.min(best, performance.now() - began);
    }
    return best;
  }) as [number, number];
  return large / Math.max(LEAST, small);
}
