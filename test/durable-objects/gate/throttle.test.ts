import { expect, test } from "vitest";
import { Throttle } from "../../../durable-objects/gate/throttle.ts";
import type { NamespaceLimits } from "../../../src/entities/identity.ts";

const MINUTE = 60_000;
let made = 0;

function entry(limits: NamespaceLimits = {}, kind: "invoke" | "fire" = "invoke", expiresAt = Number.POSITIVE_INFINITY) {
  return { id: `id-${++made}`, kind, limits, expiresAt };
}

test("sixty invokes a minute pass by default, the next is refused with the counts, and a new minute starts afresh", () => {
  const throttle = new Throttle();
  const limits = { concurrentInvocations: 1_000 };
  for (let at = 0; at < 60; at++) expect(throttle.enter(entry(limits), MINUTE)).toEqual({ ok: true });
  expect(throttle.enter(entry(limits), MINUTE + 59_999)).toEqual({ ok: false, reason: "rate", count: 61, allowed: 60 });
  expect(throttle.enter(entry(limits), 2 * MINUTE)).toEqual({ ok: true });
});

test("fires have a window of their own and no limit on how many are in flight", () => {
  const throttle = new Throttle();
  const limits = { firesPerMinute: 2, concurrentInvocations: 0 };
  expect(throttle.enter(entry(limits, "fire"), 0)).toEqual({ ok: true });
  expect(throttle.enter(entry(limits, "fire"), 0)).toEqual({ ok: true });
  expect(throttle.enter(entry(limits, "fire"), 0)).toMatchObject({ ok: false, count: 3, allowed: 2 });
});

test("thirty activations run at a time by default; one that ends makes room", () => {
  const throttle = new Throttle();
  const first = entry();
  throttle.enter(first, 0);
  for (let at = 1; at < 30; at++) throttle.enter(entry(), 0);
  expect(throttle.enter(entry(), 0)).toEqual({ ok: false, reason: "concurrency", count: 30, allowed: 30 });
  throttle.leave([first.id, "unknown"]);
  expect(throttle.enter(entry(), 0)).toEqual({ ok: true });
});

test("a limit of zero refuses always", () => {
  const throttle = new Throttle();
  expect(throttle.enter(entry({ invocationsPerMinute: 0 }), 0)).toMatchObject({ reason: "rate", count: 1, allowed: 0 });
  expect(throttle.enter(entry({ concurrentInvocations: 0 }), 0)).toMatchObject({ reason: "concurrency", allowed: 0 });
});

test("a place nobody gives back is free when it expires", () => {
  const throttle = new Throttle();
  const limits = { concurrentInvocations: 1 };
  throttle.enter(entry(limits, "invoke", 500), 0);
  expect(throttle.enter(entry(limits, "invoke", 900), 499)).toMatchObject({ ok: false });
  expect(throttle.enter(entry(limits, "invoke", 900), 500)).toEqual({ ok: true });
});
