import { expect, test } from "vitest";
import { finishedOf, type TrackedRun } from "../../../durable-objects/scheduler/run.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { callOf, completed, metaOf } from "../calls.ts";

function runOf(invocation: Invocation | undefined, changes: Partial<TrackedRun> = {}): TrackedRun {
  return {
    ...{ id: "1".repeat(32), attempt: 2, lease: { epoch: 1, counter: 1 }, about: metaOf(), store: "ns:01" },
    weight: { pool: "p", memory: 256, concurrency: 1 },
    ...{ origin: "durable", phase: "running", counted: true, ended: false, deadline: 0, waiters: [] },
    ...(invocation === undefined ? {} : { invocation }),
    ...changes,
  };
}

const argsOf = (run: TrackedRun) => finishedOf(run, completed()).spent;

test("a store is told which blob of arguments nobody needs any more, where there may be one", () => {
  expect(argsOf(runOf(callOf({ args: { inline: "{}" } })))).toBeUndefined();
  expect(argsOf(runOf(callOf({ args: { blob: "args/ns/x", size: 1_000_000 } })))).toBe("args/ns/x");
  expect(argsOf(runOf(undefined))).toBe(`args/ns/${"1".repeat(32)}`);
});

test("it is told when the run ended if its caller was", () => {
  expect(finishedOf(runOf(callOf()), completed())).not.toHaveProperty("endedAt");
  expect(finishedOf(runOf(callOf(), { endedAt: 17 }), completed())).toMatchObject({ attempt: 2, endedAt: 17 });
});
