// How work grows with its size, on a machine that does other things meanwhile: two sizes are compared, each by its best
// round, by the processor's time of this thread.

/** The large size is so many times the small one; so are its costs, where they grow with the size. */
export const TIMES = 16;
/** What the memory costs that more work takes comes on top; where work grows with the square, it is TIMES × TIMES. */
export const LINEAR = 6 * TIMES;
/** So many at least; more while the work seems to grow faster than its size, since other work slows whole rounds. */
const MIN_ROUNDS = 4;
const MAX_ROUNDS = 40;
/** ms; what takes less is noise. */
const LEAST = 0.5;

/** How many times longer `work(TIMES)` takes than `work(1)`. */
export function growth(work: (scale: number) => unknown): number {
  let [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const grown = () => large / Math.max(LEAST, small);
  for (let round = 0; round < MIN_ROUNDS || (round < MAX_ROUNDS && grown() >= LINEAR); round++) {
    small = Math.min(
      small,
      cost(() => work(1)),
    );
    large = Math.min(
      large,
      cost(() => work(TIMES)),
    );
  }
  return grown();
}

/** ms of this thread on a processor. */
function cost(work: () => unknown): number {
  const began = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1_000;
}
