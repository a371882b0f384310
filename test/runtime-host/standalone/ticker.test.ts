// The cron trigger's clock, on a clock of the test's own.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startTicking } from "../../../runtime-host/standalone/ticker.ts";

beforeEach(() => vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 0, 0, 30) }));
afterEach(() => vi.useRealTimers());

it("calls at each full minute until it is stopped, and tells what fails; and often for what lost its alarm", async () => {
  const looks: number[] = [];
  const ticks: string[] = [];
  const lines: string[] = [];
  const edge = {
    crons: ["* * * * *"],
    async tick(cron: string) {
      if (cron === "schedules") looks.push(Date.now());
      else ticks.push(cron);
      if (cron === "schedules") return;
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
  expect(looks.length).toBe(30);
  expect(new Set(looks.map((at) => at % 5_000))).toEqual(new Set([2_500]));
  stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(ticks.length).toBe(3);
  expect(looks.length).toBe(30);
});

it("refuses what it cannot keep, and does nothing where nothing is to be called", () => {
  const tick = async () => undefined;
  expect(() => startTicking({ crons: ["0 * * * *"], tick }, () => undefined)).toThrow(/"0 \* \* \* \*" is unknown/);
  startTicking({ crons: [], tick }, () => undefined)();
  expect(vi.getTimerCount()).toBe(0);
});
