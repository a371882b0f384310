import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refreshed } from "../../src/services/refreshed.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers `0`, `1`, … `takesMs` after it was asked. */
function source(ttlMs: number, takesMs = 0) {
  const asked: number[] = [];
  const background: Promise<unknown>[] = [];
  const refreshed = new Refreshed(async () => {
    const value = asked.push(Date.now()) - 1;
    if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
    return { value, ttlMs };
  });
  return { refreshed, asked, background, later: (work: Promise<unknown>) => void background.push(work) };
}

test("with a good value at hand there is no promise; in the second half of its life it is renewed once, behind the answer", async () => {
  const { refreshed, asked, background, later } = source(1_000);
  expect(await refreshed.get(later)).toBe(0);
  vi.setSystemTime(499);
  expect(refreshed.get(later)).toBe(0);
  expect(background).toHaveLength(0);
  vi.setSystemTime(500);
  expect([refreshed.get(later), refreshed.get(later)]).toEqual([0, 0]);
  expect(background).toHaveLength(1);
  await Promise.all(background);
  expect(refreshed.get(later)).toBe(1);
  expect(asked).toEqual([0, 500]);
});

test("what is over is asked for again, and its life counts from before it was asked for", async () => {
  const { refreshed, later } = source(1_000, 400);
  const first = refreshed.get(later);
  await vi.advanceTimersByTimeAsync(400);
  expect(await first).toBe(0);
  vi.setSystemTime(999);
  expect(refreshed.get(later)).toBe(0);
  expect(refreshed.isGood()).toBe(true);
  vi.setSystemTime(1_000);
  expect(refreshed.isGood()).toBe(false);
  expect(refreshed.get(later)).toBeInstanceOf(Promise);
  expect(refreshed.last).toBe(0);
});

test("what may not be remembered is given to who asked, and asked for again by the next", async () => {
  const { refreshed, asked, later } = source(0);
  expect(await refreshed.get(later)).toBe(0);
  expect(await refreshed.get(later)).toBe(1);
  expect(asked).toHaveLength(2);
  expect(refreshed.last).toBeUndefined();
});

test("what was asked for before it was forgotten is not remembered", async () => {
  const { refreshed, later } = source(1_000, 100);
  const before = refreshed.get(later);
  refreshed.forget();
  await vi.advanceTimersByTimeAsync(100);
  expect(await before).toBe(0);
  expect(refreshed.last).toBeUndefined();
});

test("a renewal that fails is nobody's error; who has nothing good hears of it", async () => {
  let fails = false;
  const background: Promise<unknown>[] = [];
  const refreshed = new Refreshed(async () => {
    if (fails) throw new Error("away");
    return { value: 1, ttlMs: 1_000 };
  });
  const later = (work: Promise<unknown>) => void background.push(work);
  await refreshed.get(later);
  fails = true;
  vi.setSystemTime(600);
  expect(refreshed.get(later)).toBe(1);
  await Promise.all(background);
  vi.setSystemTime(1_000);
  await expect(refreshed.get(later)).rejects.toThrow("away");
});
