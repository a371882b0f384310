import { vi } from "vitest";

/** ms. A bound ends what would never come, and measures nobody. */
const PATIENCE_MS = 100_000;

/** Runs the check again and again until it does not throw, and gives what it gave.
 * With a fake clock each pause moves it. */
export function waitFor<T>(check: () => T | Promise<T>, { interval = 50 } = {}): Promise<T> {
  return vi.waitFor(check, { timeout: PATIENCE_MS, interval });
}
