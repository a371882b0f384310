// What is promised in seconds is promised for a machine that has time. How slow this one is just now is measured where
// a test holds such a promise, so that what else runs here makes no test fail.

/** ms of this thread on a processor: long enough that others get their turns meanwhile. */
const SAMPLE_MS = 40;

/** How many times longer than alone on its processor this thread takes for what it computes: 1 on an idle machine. */
export function slowness(): number {
  const began = performance.now();
  const used = process.threadCpuUsage();
  const spent = () => {
    const { user, system } = process.threadCpuUsage(used);
    return (user + system) / 1_000;
  };
  while (spent() < SAMPLE_MS);
  return Math.max(1, (performance.now() - began) / spent());
}

/** ms that `work` took, at the pace of a machine that does nothing else. It is measured before and after;
 * the slower one counts. */
export async function pacedMs(work: () => Promise<unknown>): Promise<number> {
  const before = slowness();
  const began = performance.now();
  await work();
  const took = performance.now() - began;
  return took / Math.max(before, slowness());
}
