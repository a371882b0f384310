// Waits between tries: fast at first, doubling up to a bound, with jitter so that many hosts do not return in step.

export interface Backoff {
  /** ms to wait before the next try. */
  next(): number;
  reset(): void;
}

export function backoff(options: { first: number; max: number; random?: () => number }): Backoff {
  const random = options.random ?? Math.random;
  let tries = 0;
  return {
    next() {
      const full = Math.min(options.max, options.first * 2 ** Math.min(tries, 30));
      tries++;
      return full * (0.5 + random() / 2);
    },
    reset() {
      tries = 0;
    },
  };
}
