import { expect, test } from "vitest";
import { weightFound, weightOf } from "../../../durable-objects/scheduler/weight.ts";
import { callOf, metaOf } from "../calls.ts";

const LIMITS = { timeout: 60_000, memory: 512, logs: 10, concurrency: 3 };

test("a run weighs a container of its action, which it shares with runs of the same revision only", () => {
  const weight = weightOf(callOf({ about: { limits: LIMITS } }));
  expect(weight).toMatchObject({ memory: 512, concurrency: 3 });
  expect(weightOf(callOf({ about: { limits: LIMITS } })).pool).toBe(weight.pool);
  expect(weightOf(callOf({ about: { limits: LIMITS }, revision: "2" })).pool).not.toBe(weight.pool);
  expect(weightOf(callOf({ about: { limits: LIMITS, namespaceId: "two" } })).pool).not.toBe(weight.pool);
});

test("what a host names weighs what the host says, and shares with new runs if it tells its revision", () => {
  const call = callOf({ about: { limits: LIMITS } });
  const about = metaOf({ limits: LIMITS });
  expect(weightFound({ about, memory: 100, revision: "1" })).toEqual({ ...weightOf(call), memory: 100 });
  expect(weightFound({ about, memory: 100 }).pool).not.toBe(weightOf(call).pool);
});
