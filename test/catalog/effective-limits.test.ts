// What a namespace is told of its limits is what is enforced for it.

import { expect, test } from "vitest";
import { effectiveLimits } from "../../src/catalog/effective-limits.ts";
import type { NamespaceLimits } from "../../src/entities/identity.ts";
import { DEFAULT_BOUNDS } from "../../src/entities/limits.ts";
import { CALLER } from "./context.ts";

const of = (limits: NamespaceLimits, throttle: NamespaceLimits | null = null) =>
  effectiveLimits({ ...CALLER, limits }, { bounds: DEFAULT_BOUNDS, throttle });

test("without limits of its own it is the system's bounds, and no count", () => {
  expect(of({})).toEqual({
    ...{ minActionMemory: 128, maxActionMemory: 512, minActionLogs: 0, maxActionLogs: 10 },
    ...{ minActionTimeout: 100, maxActionTimeout: 300_000, minActionConcurrency: 1, maxActionConcurrency: 1 },
    maxParameterSize: "1 MB",
  });
});

test("its own limits narrow the system's and never widen them", () => {
  const own = { maxActionMemory: 256, maxActionTimeout: 9_000_000, maxParameterSize: "9 MB" };
  expect(of(own)).toMatchObject({ maxActionMemory: 256, maxActionTimeout: 300_000, maxParameterSize: "1 MB" });
  expect(of({ allowedKinds: ["nodejs:20"], storeActivations: false })).toMatchObject({
    allowedKinds: ["nodejs:20"],
    storeActivations: false,
  });
});

test("counts are its own, or the deployment's where that has some", () => {
  const deployment = { invocationsPerMinute: 60, concurrentInvocations: 30, firesPerMinute: 60 };
  expect(of({}, deployment)).toMatchObject({ ...deployment, maxActionInstances: 30 });
  expect(of({ concurrentInvocations: 5 }, deployment)).toMatchObject({
    ...{ invocationsPerMinute: 60, concurrentInvocations: 5, maxActionInstances: 5 },
  });
  expect(of({ firesPerMinute: 7 })).toMatchObject({ firesPerMinute: 7 });
  expect(of({ firesPerMinute: 7 })).not.toHaveProperty("invocationsPerMinute");
});
