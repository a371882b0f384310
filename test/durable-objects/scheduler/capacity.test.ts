import fc from "fast-check";
import { expect, test } from "vitest";
import { Capacity, type Weight, weightFound, weightOf } from "../../../durable-objects/scheduler/capacity.ts";
import { callOf, metaOf } from "../calls.ts";

const one: Weight = { pool: "a", memory: 256, concurrency: 1 };
const many: Weight = { pool: "b", memory: 256, concurrency: 3 };

test("each activation of a serial action needs a container", () => {
  const capacity = new Capacity();
  capacity.resize(512);
  capacity.take(one);
  expect([capacity.usedMb, capacity.freeMb, capacity.cost(one)]).toEqual([256, 256, 256]);
  capacity.take(one);
  expect([capacity.usedMb, capacity.freeMb, capacity.cost(one)]).toEqual([512, 0, 256]);
});

test("activations of a concurrent action share containers", () => {
  const capacity = new Capacity();
  capacity.resize(512);
  for (let at = 0; at < 3; at++) capacity.take(many);
  expect([capacity.usedMb, capacity.cost(many)]).toEqual([256, 256]);
  capacity.take(many);
  expect([capacity.usedMb, capacity.cost(many)]).toEqual([512, 0]);
  expect([capacity.running, capacity.containers]).toEqual([4, 2]);
});

test("what runs is counted even where it does not fit", () => {
  const capacity = new Capacity();
  capacity.resize(100);
  capacity.take(one);
  expect([capacity.usedMb, capacity.freeMb]).toEqual([256, -156]);
});

test("memory in use is always what the running activations need, and nothing when none runs", () => {
  const step = fc.record({ pool: fc.integer({ min: 0, max: 3 }), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const capacity = new Capacity();
      const running = [0, 0, 0, 0];
      const need = (pool: number): Weight => ({ pool: `${pool}`, memory: 100 * (pool + 1), concurrency: pool + 1 });
      for (const { pool, take } of steps) {
        if (take) {
          running[pool]!++;
          capacity.take(need(pool));
        } else if (running[pool]! > 0) {
          running[pool]!--;
          capacity.release(need(pool));
        }
      }
      const expected = running.reduce((sum, n, pool) => sum + Math.ceil(n / (pool + 1)) * 100 * (pool + 1), 0);
      expect(capacity.usedMb).toBe(expected);
      expect(capacity.running).toBe(running.reduce((sum, n) => sum + n, 0));
    }),
  );
});

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
