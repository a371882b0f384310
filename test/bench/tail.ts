// The tail of a warm call: what the slowest of many cost, how long nobody is answered, and what the platform holds in
// memory while it waits.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import type { Platform } from "../support/platform.ts";
import { type Sample, sampleOf } from "./load.ts";
import { warm } from "./measures.ts";
import { IDLE_MS, memoryOf } from "./process-memory.ts";

export interface TailLine {
  letter: string;
  name: string;
  unit: "p99.9 ms" | "longest ms" | "p99 / p50" | "MB";
  run(): Promise<Sample>;
}

export const TAIL_LETTER = "t";

/** ms one caller calls, so that there are some thousand calls above p99.9 and rare collections of garbage come up. */
const LONG = 30_000;

/** Two lines share one measure: what the slowest in a thousand cost and the longest of all are of the same calls. */
export function tailLines(pool: Pool, platform: Platform, ms: number): TailLine[] {
  let last: Sample | undefined;
  const letter = TAIL_LETTER;
  return [
    {
      letter,
      name: "warm blocking invoke, 1 caller for 30 s",
      unit: "p99.9 ms",
      run: async () => (last = await warm(pool, 1, LONG)),
    },
    {
      letter,
      name: "the longest of them",
      unit: "longest ms",
      run: async () => last ?? (await warm(pool, 1, LONG)),
    },
    {
      letter,
      name: "warm blocking invoke, 16 callers",
      unit: "p99 / p50",
      run: () => warm(pool, 16, Math.max(ms, LONG / 3)),
    },
    {
      letter,
      name: "memory of all idle processes of the platform",
      unit: "MB",
      run: async () => {
        await sleep(IDLE_MS);
        return { ...sampleOf([]), rate: memoryOf(platform.pids().all).reduce((total, { pss }) => total + pss, 0) };
      },
    },
  ];
}
