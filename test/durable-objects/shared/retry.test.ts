import { expect, test } from "vitest";
import { backOffMs, pause } from "../../../durable-objects/shared/retry.ts";
import { Clock } from "../clock.ts";

test("pauses double up to the longest, and stay there", () => {
  const pauses = [0, 1, 2, 3, 4, 5, 1_000].map((failures) => backOffMs(failures, { firstMs: 100, maxMs: 1_000 }));
  expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test("a pause lasts as long as it says", async () => {
  const clock = new Clock();
  let over = false;
  const paused = pause(clock, 100).then(() => {
    over = true;
  });
  await clock.advance(99);
  expect(over).toBe(false);
  await clock.advance(1);
  await paused;
  expect(over).toBe(true);
});
