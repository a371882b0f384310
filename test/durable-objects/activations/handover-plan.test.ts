// When records leave their object, and how long a hand-over rests.

import { expect, test } from "vitest";
import {
  BATCH,
  batchCount,
  batchLength,
  dueAt,
  LOOKED,
  pauseAfter,
  restAfter,
  SEGMENT_SIZE,
} from "../../../durable-objects/activations/handover-plan.ts";

test("while records are made it works a fifth of its time, and the half where none has come for a second", () => {
  expect(restAfter(100, 0)).toBe(400);
  expect(restAfter(100, 999)).toBe(400);
  expect(restAfter(100, 1_000)).toBe(100);
  expect(pauseAfter(0)).toBeGreaterThan(0);
  expect(restAfter(60_000, 0)).toBe(2_000);
});

test("what is looked at is enough to see that a batch is due", () => {
  expect(dueAt("d1", { count: LOOKED.d1, size: 1, since: 7 })).toBe(7);
  expect(dueAt("r2", { count: LOOKED.r2, size: SEGMENT_SIZE, since: 7 })).toBe(7);
  expect(dueAt("d1", { count: 1, size: 1, since: 7 })).toBeGreaterThan(7);
  expect(dueAt("d1", null)).toBe(Number.POSITIVE_INFINITY);
});

test("a batch has one record at least, and no more characters than it may have", () => {
  expect(batchLength("d1", [BATCH.d1.size * 3, 1])).toBe(1);
  expect(batchLength("d1", [BATCH.d1.size / 2, BATCH.d1.size / 2, 1])).toBe(2);
  expect(batchLength("r2", [1, 1, 1])).toBe(3);
});

test("while calls come it rests for a tenth of a second, so that a batch has what was made in it", () => {
  expect(restAfter(5, 0)).toBe(100);
  expect(restAfter(5, 999)).toBe(100);
  expect(restAfter(5, 1_000)).toBe(10);
});

test("while calls come a batch to D1 is small, however many wait; nobody waits for one to R2", () => {
  expect(batchCount("d1", 0)).toBeLessThan(BATCH.d1.count / 2);
  expect(batchCount("d1", 1_000)).toBe(BATCH.d1.count);
  expect(batchCount("r2", 0)).toBe(BATCH.r2.count);
});
