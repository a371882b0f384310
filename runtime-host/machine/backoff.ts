// Waits between tries: fast at first, doubling up to a bound, with jitter so that many hosts do not return in step. For
// what goes on by events (a socket that is lost, a disk that refuses) and runs in the simulator; a promise that is to
// be tried again has p-retry.

export interface Backoff {
  /** ms to wait before the next try. */
  next(): number;
  reset(): void;
}

/** `first`, `max`: ms. */
export function backoff(options: { first: number; max: number | (() => number); random?: () => number }): Backoff {
  const random = options.random ?? Math.random;
  let tries = 0;
  return {
    next() {
      const max = typeof options.max === "number" ? options.max : options.max();
      const full = Math.min(max, options.first * 2 ** Math.min(tries, 30));
      tries++;
      return full * (0.5 + random() / 2);
    },
    reset() {
      tries = 0;
    },
  };
}
