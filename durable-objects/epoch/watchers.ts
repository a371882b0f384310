// Callers who wait for a namespace's epoch to move. Soft: if the object goes, so do their calls.

import type { ClockPorts } from "../shared/ports.ts";

/** ms a watcher is kept at most, and how many are kept at a time; who comes beyond is told soon. */
const MAX_WATCH_MS = 30_000;
const MAX_WATCHERS = 1_000;
const SOON_MS = 1_000;

export class Watchers {
  readonly #after: ClockPorts["after"];
  readonly #watching = new Set<() => void>();

  constructor(after: ClockPorts["after"]) {
    this.#after = after;
  }

  /** Resolves at the next `tell`, or after `ms`. */
  wait(ms: number): Promise<void> {
    const crowded = this.#watching.size >= MAX_WATCHERS;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#watching.delete(done);
        resolve();
      };
      const cancel = this.#after(Math.min(ms, crowded ? SOON_MS : MAX_WATCH_MS), done);
      if (!crowded) this.#watching.add(done);
    });
  }

  tell(): void {
    for (const done of [...this.#watching]) done();
  }
}
