// The cron trigger's clock, on a clock of the test's own.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startTicking } from "../../../runtime-host/standalone/ticker.ts";

beforeEach(() => vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 0, 0, 30) }));
afterEach(() => vi.useRealTimers());

it("calls at each full minute until it is stopped, and tells what fails", async () => {
  const ticks: string[] = [];
  const lines: string[] = [];
  const edge = {
    crons: ["* * * * *"],
    async tick(cron: string) {
      ticks.push(cron);
      if (ticks.length === 2) throw new Error("the Worker is away");
    },
  };
  const stop = startTicking(edge, (line) => lines.push(line));
  await vi.advanceTimersByTimeAsync(29_999);
  expect(ticks).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(ticks).toEqual(["* * * * *"]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(ticks.length).toBe(3);
  expect(lines).toEqual(["cron: the Worker is away"]);
  stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(ticks.length).toBe(3);
});

it("refuses what it cannot keep, and does nothing where nothing is to be called", () => {
  const tick = async () => undefined;
  expect(() => startTicking({ crons: ["0 * * * *"], tick }, () => undefined)).toThrow(/"0 \* \* \* \*" is unknown/);
  startTicking({ crons: [], tick }, () => undefined)();
  expect(vi.getTimerCount()).toBe(0);
});
