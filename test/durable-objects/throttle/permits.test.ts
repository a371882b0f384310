import { expect, test } from "vitest";
import { Permits } from "../../../durable-objects/throttle/permits.ts";
import type { NamespaceLimits } from "../../../src/entities/identity.ts";

const MINUTE = 60_000;
let made = 0;

function entry(limits: NamespaceLimits = {}, kind: "invoke" | "fire" = "invoke", expiresAt = Number.POSITIVE_INFINITY) {
  return { id: `id-${++made}`, kind, limits, expiresAt };
}

test("sixty invokes a minute pass by default, the next is refused with the counts, and a new minute starts afresh", () => {
  const permits = new Permits();
  const limits = { concurrentInvocations: 1_000 };
  for (let at = 0; at < 60; at++) expect(permits.enter(entry(limits), MINUTE)).toEqual({ ok: true });
  expect(permits.enter(entry(limits), MINUTE + 59_999)).toEqual({ ok: false, reason: "rate", count: 61, allowed: 60 });
  expect(permits.enter(entry(limits), 2 * MINUTE)).toEqual({ ok: true });
});

test("fires have a window of their own and no limit on how many are in flight", () => {
  const permits = new Permits();
  const limits = { firesPerMinute: 2, concurrentInvocations: 0 };
  expect(permits.enter(entry(limits, "fire"), 0)).toEqual({ ok: true });
  expect(permits.enter(entry(limits, "fire"), 0)).toEqual({ ok: true });
  expect(permits.enter(entry(limits, "fire"), 0)).toMatchObject({ ok: false, count: 3, allowed: 2 });
});

test("thirty activations run at a time by default; one that ends makes room", () => {
  const permits = new Permits();
  const first = entry();
  permits.enter(first, 0);
  for (let at = 1; at < 30; at++) permits.enter(entry(), 0);
  expect(permits.enter(entry(), 0)).toEqual({ ok: false, reason: "concurrency", count: 30, allowed: 30 });
  permits.leave([first.id, "unknown"]);
  expect(permits.enter(entry(), 0)).toEqual({ ok: true });
});

test("a limit of zero refuses always", () => {
  const permits = new Permits();
  expect(permits.enter(entry({ invocationsPerMinute: 0 }), 0)).toMatchObject({ reason: "rate", count: 1, allowed: 0 });
  expect(permits.enter(entry({ concurrentInvocations: 0 }), 0)).toMatchObject({ reason: "concurrency", allowed: 0 });
});

test("a place nobody gives back is free when it expires", () => {
  const permits = new Permits();
  const limits = { concurrentInvocations: 1 };
  permits.enter(entry(limits, "invoke", 500), 0);
  expect(permits.enter(entry(limits, "invoke", 900), 499)).toMatchObject({ ok: false });
  expect(permits.enter(entry(limits, "invoke", 900), 500)).toEqual({ ok: true });
});

test("a new incarnation knows nothing of the last: it refuses nobody for what that counted, and hears of its places in vain", () => {
  const limits = { invocationsPerMinute: 2, concurrentInvocations: 1 };
  const last = new Permits();
  const running = entry(limits);
  expect(last.enter(running, 0)).toEqual({ ok: true });
  const next = new Permits();
  expect(next.enter(entry(limits), 0)).toEqual({ ok: true });
  next.leave([running.id]);
  expect(next.enter(entry(limits), 0)).toMatchObject({ ok: false, reason: "concurrency", count: 1 });
});

test("what was counted is known until its minute ends, and while a place is taken until that expires", () => {
  const permits = new Permits();
  expect(permits.knownUntil()).toBe(0);
  permits.enter(entry({}, "fire"), MINUTE + 1);
  expect(permits.knownUntil()).toBe(2 * MINUTE);
  const [first, second] = [entry({}, "invoke", 5 * MINUTE), entry({}, "invoke", 4 * MINUTE)];
  for (const each of [first, second]) permits.enter(each, 2 * MINUTE - 1);
  expect(permits.knownUntil()).toBe(5 * MINUTE);
  permits.leave([first.id, second.id]);
  expect(permits.knownUntil()).toBe(2 * MINUTE);
});

test("what has a name of its own has a minute of its own", () => {
  const permits = new Permits();
  for (let at = 0; at < 2; at++) expect(permits.pass("hook", 2, MINUTE)).toEqual({ ok: true });
  expect(permits.pass("hook", 2, MINUTE)).toEqual({ ok: false, reason: "rate", count: 3, allowed: 2 });
  expect(permits.pass("other", 2, MINUTE)).toEqual({ ok: true });
  expect(permits.knownUntil()).toBe(2 * MINUTE);
  expect(permits.pass("hook", 2, 2 * MINUTE)).toEqual({ ok: true });
});

test("fires that come together pass all or none, and those that do not count as one that was refused", () => {
  const permits = new Permits();
  const limits = { firesPerMinute: 5 };
  const together = (count: number) => permits.enter({ ...entry(limits, "fire"), count }, 0);
  expect(together(3)).toEqual({ ok: true });
  expect(together(3)).toEqual({ ok: false, reason: "rate", count: 6, allowed: 5 });
  expect(together(1)).toEqual({ ok: true });
  expect(together(1)).toMatchObject({ ok: false, count: 6 });
});
