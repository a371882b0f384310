// Which counts hold for a namespace: its own, the deployment's, or none.

import { expect, test } from "vitest";
import { developmentIdentity } from "../../src/entities/development.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { throttleOf, UNLIMITED } from "../../src/entities/throttle.ts";

const identity = (limits: Identity["limits"], uuid = "u"): Identity => ({
  ...{ subject: "someone", namespace: { name: "ns", uuid }, limits, key: "u:k", derived: false },
});
const DEFAULTS = { invocationsPerMinute: 60, concurrentInvocations: 30, firesPerMinute: 60 };

test("nothing limits who has no counts where the deployment has none", () => {
  expect(throttleOf(identity({ maxActionMemory: 128 }), null)).toBeNull();
});

test("one count of its own leaves the others to the deployment", () => {
  expect(throttleOf(identity({ firesPerMinute: 0 }), DEFAULTS)).toEqual({ ...DEFAULTS, firesPerMinute: 0 });
  expect(throttleOf(identity({ firesPerMinute: 1 }), null)).toEqual({
    ...{ invocationsPerMinute: UNLIMITED, concurrentInvocations: UNLIMITED, firesPerMinute: 1 },
  });
});

test("nor are they for what a start proves itself with", () => {
  const proof = { ...identity({ storeActivations: false }), namespace: { name: "edgewhisk.proof", uuid: "u" } };
  expect(throttleOf(proof, DEFAULTS)).toBeNull();
});

test("the deployment's counts are not for development namespaces, whose own are", () => {
  const uuid = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
  expect(developmentIdentity(uuid)).toBeDefined();
  expect(throttleOf(identity({}, uuid), DEFAULTS)).toBeNull();
  expect(throttleOf(identity({ firesPerMinute: 5 }, uuid), DEFAULTS)).toEqual({ ...DEFAULTS, firesPerMinute: 5 });
});
