import { expect, test } from "vitest";
import { Permits } from "../../../durable-objects/throttle/permits.ts";
import type { NamespaceLimits } from "../../../src/entities/identity.ts";
import { UNLIMITED } from "../../../src/entities/throttle.ts";

const MINUTE = 60_000;
let made = 0;

function entry(limits: NamespaceLimits = {}, kind: "invoke" | "fire" = "invoke", expiresAt = Number.POSITIVE_INFINITY) {
  return { id: `id-${++made}`, kind, limits, expiresAt };
}

test("sixty invokes a minute pass by default, the next is refused with the counts, and a new minute starts afresh", () => {
  const permits = new Permits();
  const limits = { concurrentInvocations: 1_000 };
  for (let at = 0; at < 60; at++) expect(permits.enter(entry(limits), MINUTE)).toMatchObject({ ok: true });
  expect(permits.enter(entry(limits), MINUTE + 59_999)).toEqual({
    ...{ ok: false, reason: "rate", count: 61, allowed: 60 },
    reset: 1,
  });
  expect(permits.enter(entry(limits), 2 * MINUTE)).toMatchObject({ ok: true });
});

test("fires have a window of their own and no limit on how many are in flight", () => {
  const permits = new Permits();
  const limits = { firesPerMinute: 2, concurrentInvocations: 0 };
  expect(permits.enter(entry(limits, "fire"), 0)).toMatchObject({ ok: true });
  expect(permits.enter(entry(limits, "fire"), 0)).toMatchObject({ ok: true });
  expect(permits.enter(entry(limits, "fire"), 0)).toMatchObject({ ok: false, count: 3, allowed: 2 });
});

test("thirty activations run at a time by default; one that ends makes room", () => {
  const permits = new Permits();
  const first = entry();
  permits.enter(first, 0);
  for (let at = 1; at < 30; at++) permits.enter(entry(), 0);
  expect(permits.enter(entry(), 0)).toEqual({ ok: false, reason: "concurrency", count: 30, allowed: 30 });
  permits.leave([first.id, "unknown"], 0);
  expect(permits.enter(entry(), 0)).toMatchObject({ ok: true });
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
  expect(permits.enter(entry(limits, "invoke", 900), 500)).toMatchObject({ ok: true });
});

test("a new incarnation knows nothing of the last: it refuses nobody for what that counted, and hears of its places in vain", () => {
  const limits = { invocationsPerMinute: 2, concurrentInvocations: 1 };
  const last = new Permits();
  const running = entry(limits);
  expect(last.enter(running, 0)).toMatchObject({ ok: true });
  const next = new Permits();
  expect(next.enter(entry(limits), 0)).toMatchObject({ ok: true });
  next.leave([running.id], 0);
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
  permits.leave([first.id, second.id], 0);
  expect(permits.knownUntil()).toBe(2 * MINUTE);
});

test("what has a name of its own has a minute of its own", () => {
  const permits = new Permits();
  for (let at = 0; at < 2; at++) expect(permits.pass("hook", 2, MINUTE)).toEqual({ ok: true });
  expect(permits.pass("hook", 2, MINUTE)).toMatchObject({ ok: false, reason: "rate", count: 3, allowed: 2 });
  expect(permits.pass("other", 2, MINUTE)).toEqual({ ok: true });
  expect(permits.knownUntil()).toBe(2 * MINUTE);
  expect(permits.pass("hook", 2, 2 * MINUTE)).toEqual({ ok: true });
});

test("how far a window may have come is to be written a tenth of the limit ahead, and where nothing is limited never", () => {
  const permits = new Permits();
  const limits = { invocationsPerMinute: 40, firesPerMinute: 3, concurrentInvocations: 1_000 };
  const written: unknown[] = [];
  for (let n = 0; n < 60; n++) {
    permits.enter(entry(limits), 0);
    const unwritten = permits.unwritten();
    if (unwritten !== null) written.push(unwritten.invoke.count);
  }
  expect(written).toEqual([4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
  permits.enter({ ...entry(limits, "fire"), count: 2 }, 0);
  expect(permits.unwritten()).toEqual({ invoke: { minute: 0, count: 40 }, fire: { minute: 0, count: 2 } });
  permits.enter(entry({ invocationsPerMinute: UNLIMITED, firesPerMinute: UNLIMITED }), MINUTE);
  expect(permits.unwritten()).toBeNull();
});

test("a new incarnation grants what is left of the minute, also by a clock that is behind; then all of the next", () => {
  const limits = { invocationsPerMinute: 40, concurrentInvocations: 1_000 };
  const before = new Permits();
  for (let n = 0; n < 5; n++) before.enter(entry(limits), MINUTE + 1);
  const next = new Permits(before.unwritten() ?? undefined);
  const granted = (now: number) =>
    Array.from({ length: 50 }, () => next.enter(entry(limits), now)).filter(({ ok }) => ok);
  expect(granted(MINUTE - 1).length).toBe(32);
  expect(granted(MINUTE + 1).length).toBe(0);
  expect(granted(2 * MINUTE).length).toBe(40);
  // One that was far ahead says nothing.
  const stray = new Permits({ invoke: { minute: 1_000, count: 40 }, fire: { minute: 1_000, count: 0 } });
  expect(stray.enter(entry(limits), MINUTE)).toMatchObject({ ok: true });
});

test("fires that come together pass all or none, and those that do not count as one that was refused", () => {
  const permits = new Permits();
  const limits = { firesPerMinute: 5 };
  const together = (count: number) => permits.enter({ ...entry(limits, "fire"), count }, 0);
  expect(together(3)).toEqual({ ok: true });
  expect(together(3)).toMatchObject({ ok: false, reason: "rate", count: 6, allowed: 5 });
  expect(together(1)).toEqual({ ok: true });
  expect(together(1)).toMatchObject({ ok: false, count: 6 });
});

test("memory is held until it is given back or expires; a call is held once, and takes no place of those at a time", () => {
  const permits = new Permits();
  const wish = (id: string, expiresAt = 1_000) => {
    return { id, memory: { wanted: 256, allowed: 512 }, action: { path: "ns/a" }, expiresAt };
  };
  const limits = { concurrentInvocations: 2 };
  const first = entry(limits);
  expect(permits.enter(first, 0)).toMatchObject({ ok: true });
  for (const id of [first.id, first.id, "b"]) expect(permits.hold(wish(id), 0)).toEqual({ ok: true });
  expect(permits.hold(wish("c"), 0)).toEqual({ ok: false, reason: "memory", count: 768, allowed: 512 });
  expect(permits.usage(0)).toMatchObject({ concurrentInvocations: 1, memoryInUse: 512, invocationsThisMinute: 1 });
  permits.leave([first.id], 0);
  expect(permits.usage(0)).toMatchObject({ concurrentInvocations: 0, memoryInUse: 256 });
  expect(permits.hold(wish("c"), 0)).toEqual({ ok: true });
  expect(permits.hold(wish("d"), 1_000)).toEqual({ ok: true });
  expect(permits.usage(MINUTE)).toEqual({
    ...{ invocationsThisMinute: 0, firesThisMinute: 0, reset: MINUTE, concurrentInvocations: 0, memoryInUse: 0 },
  });
});

test("an action has no more in flight than its instances, and others have their own", () => {
  const permits = new Permits();
  const of = (id: string, path: string) => {
    return { id, memory: { wanted: 128 }, action: { path, allowed: 2 }, expiresAt: 1_000 };
  };
  expect([permits.hold(of("1", "ns/a"), 0).ok, permits.hold(of("2", "ns/a"), 0).ok]).toEqual([true, true]);
  expect(permits.hold(of("3", "ns/a"), 0)).toEqual({ ok: false, reason: "instances", count: 2, allowed: 2 });
  expect(permits.hold(of("4", "ns/b"), 0)).toEqual({ ok: true });
  permits.leave(["1"], 0);
  expect(permits.hold(of("3", "ns/a"), 0)).toEqual({ ok: true });
});

test("of whatever many isolates ask, in whatever order, no more is ever given than the limit, and all of it is back", () => {
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % n;
  };
  const limits = { invocationsPerMinute: 500, concurrentInvocations: 20, concurrentMemory: 4_096 };
  const permits = new Permits();
  const isolates = Array.from({ length: 50 }, () => new Set<string>());
  const perMinute = new Map<number, number>();
  const refused = new Set<string>();
  let last = 0;
  for (let step = 0, now = 0; step < 40_000; step++, now += random(20)) {
    const mine = isolates[random(50)] ?? new Set<string>();
    if (random(200) === 0) {
      // It is lost, and gives back nothing.
      mine.clear();
      continue;
    }
    const [oldest] = mine;
    if (oldest !== undefined && random(2) === 0) {
      permits.leave([oldest], 0);
      mine.delete(oldest);
      continue;
    }
    const asked = entry(limits, "invoke", now + 1_500);
    const permit = permits.enter(asked, now);
    const minute = Math.floor(now / MINUTE);
    if (permit.ok) {
      perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
      const memory = { wanted: 128 * (1 + random(8)), allowed: limits.concurrentMemory };
      const held = permits.hold({ id: asked.id, memory, action: { path: "ns/a" }, expiresAt: asked.expiresAt }, now);
      if (held.ok) mine.add(asked.id);
      else permits.leave([asked.id], 0);
    }
    const { concurrentInvocations, memoryInUse } = permits.usage(now);
    expect(concurrentInvocations).toBeLessThanOrEqual(20);
    expect(memoryInUse).toBeLessThanOrEqual(4_096);
    if (!permit.ok && permit.reason === "concurrency") expect(concurrentInvocations).toBe(20);
    if (!permit.ok) refused.add(permit.reason);
    last = now;
  }
  expect(Math.max(...perMinute.values())).toBeLessThanOrEqual(500);
  expect([...refused].sort()).toEqual(["concurrency", "rate"]);
  // Two seconds after the last of them nothing is held, and the next minute begins anew.
  expect(permits.usage(last + 2_000)).toMatchObject({ concurrentInvocations: 0, memoryInUse: 0 });
  expect(permits.enter(entry(limits), last + MINUTE)).toMatchObject({ ok: true });
});

test("of what was shared out and not heard of again the calls count as made, and the places are free after two seconds", () => {
  const permits = new Permits();
  const limits = { invocationsPerMinute: 40, concurrentInvocations: 8 };
  expect(permits.lease({ kind: "invoke", limits, wish: "gone" }, MINUTE)).toEqual({
    ...{ id: "gone", calls: 4, places: 2, ttl: 1_000, running: 0 },
  });
  for (let n = 0; n < 6; n++) expect(permits.enter(entry(limits), MINUTE)).toMatchObject({ ok: true });
  expect(permits.undecided(entry(limits), MINUTE + 1)).toBe(1_999);
  expect(permits.undecided(entry(limits), MINUTE + 2_000)).toBe(0);
  for (let n = 0; n < 2; n++) expect(permits.enter(entry(limits), MINUTE + 2_000)).toMatchObject({ ok: true });
  permits.settle([{ id: "gone", used: 0, running: [], expiresAt: 0 }], MINUTE + 2_001);
  expect(permits.usage(MINUTE + 2_001)).toMatchObject({ invocationsThisMinute: 12, concurrentInvocations: 8 });
});

test("a call by a lease that ended before its place had a name takes none", () => {
  const permits = new Permits();
  const limits = { concurrentInvocations: 8 };
  permits.lease({ kind: "invoke", limits, wish: "lease" }, 0);
  permits.leave(["ended"], 1);
  permits.settle([{ id: "lease", used: 2, running: ["ended", "runs"], expiresAt: MINUTE }], 2);
  expect(permits.usage(2)).toMatchObject({ invocationsThisMinute: 2, concurrentInvocations: 1 });
  permits.leave(["runs"], 3);
  expect(permits.usage(3)).toMatchObject({ concurrentInvocations: 0 });
});

test("a call by a lease that holds memory as well has one place, whoever tells of it first", () => {
  const permits = new Permits();
  const limits = { concurrentInvocations: 8 };
  permits.lease({ kind: "invoke", limits, wish: "lease" }, 0);
  const held = { id: "runs", memory: { wanted: 128 }, action: { path: "a" }, expiresAt: MINUTE };
  expect(permits.hold({ ...held, lease: "lease" }, 1)).toEqual({ ok: true });
  expect(permits.usage(1)).toMatchObject({ concurrentInvocations: 1, memoryInUse: 128 });
  permits.settle([{ id: "lease", used: 1, running: ["runs"], expiresAt: MINUTE }], 2);
  expect(permits.usage(2)).toMatchObject({ concurrentInvocations: 1, memoryInUse: 128 });
  permits.leave(["runs"], 3);
  expect(permits.usage(3)).toMatchObject({ concurrentInvocations: 0, memoryInUse: 0 });
});

test("little is shared out of what is free, of the last moments of a minute nothing, and nothing of what is unlimited is written", () => {
  const permits = new Permits();
  const wish = (limits: NamespaceLimits, now = 0) =>
    permits.lease({ kind: "invoke", limits, wish: String(++made) }, now);
  expect(wish({ invocationsPerMinute: 7, concurrentInvocations: 30 })).toBeNull();
  expect(wish({ invocationsPerMinute: 100, concurrentInvocations: 3 })).toBeNull();
  expect(wish({ invocationsPerMinute: 100, concurrentInvocations: 30 }, MINUTE - 49)).toBeNull();
  expect(wish({ invocationsPerMinute: 100, concurrentInvocations: 30 }, MINUTE - 300)).toMatchObject({ ttl: 300 });
  const all = wish({ invocationsPerMinute: UNLIMITED, concurrentInvocations: UNLIMITED }, 2 * MINUTE);
  expect(all).toMatchObject({ calls: 100_000, places: 1_000 });
});
