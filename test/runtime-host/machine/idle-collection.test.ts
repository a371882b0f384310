// When a host collects its garbage unasked: once after each load, and never beside work.

import { getHeapStatistics } from "node:v8";
import { afterEach, expect, it, vi } from "vitest";
import { collectWhenIdle, IdleTurns } from "../../../runtime-host/machine/idle-collection.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("comes once after each load, when two looks in a row have found nothing to do", () => {
  const turns = new IdleTurns();
  const collected = [0, 0.01, 0, 0, 0.5, 0.9, 0.01, 0.2, 0.02, 0, 0, 0, 0].map((share) => turns.look(share));
  expect(collected.flatMap((yes, at) => (yes ? [at] : []))).toEqual([1, 9]);
});

it("never comes while there is a little work all the time", () => {
  const turns = new IdleTurns();
  expect(Array.from({ length: 100 }, (_, at) => turns.look(at % 2 === 0 ? 0 : 0.04)).some(Boolean)).toBe(false);
});

it("is a full one: what was let go of is free afterwards", async () => {
  let kept: ArrayBuffer[] | null = Array.from({ length: 20 }, () => new ArrayBuffer(1024 * 1024));
  const ref = new WeakRef(kept);
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const collection = collectWhenIdle();
  kept = null;
  // A WeakRef's target is held until the turn in which it was made has ended.
  await new Promise((resolve) => setImmediate(resolve));
  vi.spyOn(performance, "eventLoopUtilization").mockReturnValue({ idle: 1, active: 0, utilization: 0 });
  vi.advanceTimersByTime(15_000);
  expect(ref.deref()).toBeUndefined();
  collection.close();
});

it("gives back the room that a load has made", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const collection = collectWhenIdle();
  for (let at = 0; at < 40; at++) {
    JSON.parse(JSON.stringify(Array.from({ length: 100_000 }, (_, nth) => ({ nth }))));
    await new Promise((resolve) => setImmediate(resolve));
  }
  vi.spyOn(performance, "eventLoopUtilization").mockReturnValue({ idle: 1, active: 0, utilization: 0 });
  vi.advanceTimersByTime(15_000);
  const { total_heap_size: total, used_heap_size: used } = getHeapStatistics();
  expect((total - used) / 1024 / 1024).toBeLessThan(16);
  collection.close();
});
