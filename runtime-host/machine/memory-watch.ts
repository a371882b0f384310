// Holds process groups to their memory limit where no cgroup does: looks at resident memory a few times a second. One timer
// for all, running only while there is something to watch. Without /proc there is no limit.

import { memoryOfGroups } from "./proc.ts";

const EVERY = 250;
const MB = 1024 * 1024;

interface Watched {
  /** MB */
  limit: number;
  exceeded: () => void;
}

export class MemoryWatch {
  readonly #groups = new Map<number, Watched>();
  #timer: NodeJS.Timeout | null = null;

  watch(group: number, watched: Watched): void {
    this.#groups.set(group, watched);
    this.#timer ??= setInterval(() => this.#look(), EVERY).unref();
  }

  forget(group: number): void {
    this.#groups.delete(group);
    if (this.#groups.size === 0) this.close();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const sums = memoryOfGroups();
    for (const [group, { limit, exceeded }] of [...this.#groups]) {
      if ((sums.get(group) ?? 0) <= limit * MB) continue;
      this.forget(group);
      exceeded();
    }
  }
}
