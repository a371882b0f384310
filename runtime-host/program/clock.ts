// The time of this machine as what waits for something takes it: tests give one that stands still until it is told to
// go on.

export interface Clock {
  /** ms since some moment in the past; never goes back. */
  now(): number;
  /** Calls `run` once after `ms`. Returns how to call that off. */
  after(ms: number, run: () => void): () => void;
}

export const machineClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
