// A span of time in steps of one length, of which the platform tells only those in which something ran.

export const STEPS = {
  minute: { ms: 60_000, count: 60 },
  hour: { ms: 3_600_000, count: 24 },
  day: { ms: 86_400_000, count: 30 },
} as const;

/** Every step until `now` (epoch ms), oldest first, with what was told of it. `at`: its begin, epoch ms. */
export function everyStep<T extends { at: number }>(
  told: readonly T[],
  { step, now }: { step: keyof typeof STEPS; now: number },
): { at: number; told: T | null }[] {
  const { ms, count } = STEPS[step];
  const byStep = new Map(told.map((each) => [Math.floor(each.at / ms), each]));
  const last = Math.max(Math.floor(now / ms), ...byStep.keys());
  return Array.from({ length: count }, (_, index) => {
    const at = last - count + 1 + index;
    return { at: at * ms, told: byStep.get(at) ?? null };
  });
}
