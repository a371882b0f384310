// What processes hold, as the kernel counts it.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** ms without a call until processes count as idle: by then a host has given back what the load has left. */
export const IDLE_MS = 20_000;

export interface ProcessMemory {
  /** By what it runs. */
  name: string;
  /** MB; a page that several share counts with a part for each (proportional set size). */
  pss: number;
  /** MB; a page that several share counts in full for each. */
  rss: number;
}

/** Processes that have ended meanwhile hold nothing. */
export function memoryOf(pids: readonly number[]): ProcessMemory[] {
  return pids.flatMap((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return [{ name: nameOf(pid), pss: megabytes(text, "Pss"), rss: megabytes(text, "Rss") }];
    } catch {
      return [];
    }
  });
}

function megabytes(text: string, what: string): number {
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN) / 1024;
}

function nameOf(pid: number): string {
  const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  const script = args.slice(1).find((each) => /\.(ts|mjs|js)$/.test(each));
  return basename(script ?? args[0] ?? "");
}
