// Holds process groups to their memory limit where no cgroup does: looks at resident memory a few times a second. One
// timer for all, running only while there is something to watch. Without /proc there is no limit.

import { HAS_PROC, pids, statOf } from "./proc.ts";

const EVERY_MS = 250;
const MB_BYTES = 1024 * 1024;

interface Watched {
  /** MB */
  limitMb: number;
  exceeded: () => void;
}

export class MemoryWatch {
  readonly #groups = new Map<number, Watched>();
  #timer: NodeJS.Timeout | null = null;

  watch(group: number, watched: Watched): void {
    this.#groups.set(group, watched);
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS).unref();
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
    for (const [group, { limitMb, exceeded }] of [...this.#groups]) {
      if ((sums.get(group) ?? 0) <= limitMb * MB_BYTES) continue;
      this.forget(group);
      exceeded();
    }
  }
}

/** Bytes in memory of each process group. */
export function memoryOfGroups(): Map<number, number> {
  const sums = new Map<number, number>();
  if (!HAS_PROC) return sums;
  for (const pid of pids()) {
    const found = statOf(pid);
    if (found !== null) sums.set(found.group, (sums.get(found.group) ?? 0) + found.residentBytes);
  }
  return sums;
}
