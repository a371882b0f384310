// Trying again: pauses that double.

import type { ClockPorts } from "./ports.ts";

/** 2 to this is more than any pause of ours is worth. */
const MAX_DOUBLINGS = 30;

/** ms to wait after so many failures in a row (0 = after the first): doubled each time, up to `maxMs`. */
export function backOffMs(failures: number, { firstMs, maxMs }: { firstMs: number; maxMs: number }): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(MAX_DOUBLINGS, failures));
}

export function pause(ports: Pick<ClockPorts, "after">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    ports.after(ms, resolve);
  });
}
