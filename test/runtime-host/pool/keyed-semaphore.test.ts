// Work under way is bounded, in order, and failure gives its place back.

import { expect, it } from "vitest";
import { KeyedSemaphore } from "../../../runtime-host/pool/keyed-semaphore.ts";

it("has so many under way at most, in the order they came, whatever becomes of them", async () => {
  const turns = new KeyedSemaphore(2);
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const work = (n: number) => () =>
    new Promise<number>((resolve, reject) => {
      begun.push(n);
      ends[n] = (error) => (error === undefined ? resolve(n) : reject(error));
    });
  const all = [0, 1, 2, 3].map((n) => turns.take(work(n)));
  expect(begun).toEqual([0, 1]);
  ends[1]?.(new Error("no"));
  await expect(all[1]).rejects.toThrow("no");
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  expect(await all[0]).toBe(0);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  expect(await Promise.all([all[2], all[3]])).toEqual([2, 3]);
  const again = turns.take(work(4));
  expect(begun).toContain(4);
  ends[4]?.();
  expect(await again).toBe(4);
});
