import { expect, test } from "vitest";
import {
  choose,
  type Known,
  mayAsk,
  offerAgainMs,
  offerTargetOf,
  readinessOf,
} from "../../../durable-objects/activations/offers.ts";

const known = (changes: Partial<Known>): Known => ({
  epoch: 3,
  boot: "b",
  readiness: "room",
  at: 0,
  vain: 0,
  ...changes,
});
const at = (now: number, waits = false) => ({ now, waiting: () => waits });

test("a scheduler nobody knows of may be asked, and so may one that had room", () => {
  expect(mayAsk(undefined, at(0, true))).toBe(true);
  expect(mayAsk(known({}), at(0, true))).toBe(true);
});

test.each([
  ["busy", 100],
  ["not-ready", 500],
  ["silent", 1_000],
] as const)(
  "one that was %s is left alone for %d ms, twice as long each time in vain, and five seconds at most",
  (readiness, ms) => {
    const asked = (now: number, vain: number) => mayAsk(known({ readiness, vain }), at(now));
    expect([asked(ms - 1, 1), asked(ms, 1)]).toEqual([false, true]);
    expect([asked(2 * ms - 1, 2), asked(2 * ms, 2)]).toEqual([false, true]);
    expect([asked(4_999, 50), asked(5_000, 50)]).toEqual([false, true]);
  },
);

test("one that is busy while rows for it wait asks by itself; if it has not for two seconds, it is asked", () => {
  const busy = known({ readiness: "busy", vain: 1 });
  expect([mayAsk(busy, at(1_999, true)), mayAsk(busy, at(1_999, false))]).toEqual([false, true]);
  expect(mayAsk(busy, at(2_000, true))).toBe(true);
});

test("the first worth asking is chosen, in the order of preference", () => {
  const all = new Map([
    ["a/0", known({ readiness: "silent", vain: 1 })],
    ["b/0", known({})],
  ]);
  expect(choose(["a/0", "b/0", "c/0"], all, at(10))).toBe("b/0");
  expect(choose(["a/0"], all, at(10))).toBeUndefined();
  expect(choose([], all, at(10))).toBeUndefined();
});

test("what it declined for reasons of the rows says nothing of its room", () => {
  expect([readinessOf("busy"), readinessOf("not-ready")]).toEqual(["busy", "not-ready"]);
  expect([readinessOf("unsuited"), readinessOf("stale"), readinessOf(undefined)]).toEqual(["room", "room", "room"]);
});

test("a target is the host as it was last heard of", () => {
  expect(offerTargetOf("a/0", known({}))).toEqual({ scheduler: "a/0", epoch: 3, boot: "b" });
  expect(offerTargetOf("a/0", undefined)).toEqual({ scheduler: "a/0", epoch: 0, boot: "" });
});

test("rows nobody takes are offered later each time: five seconds at most where there is a host, thirty where there is none", () => {
  const pauses = (someHost: boolean) => [0, 1, 2, 3, 4, 5, 99].map((rounds) => offerAgainMs(rounds, { someHost }));
  expect(pauses(true)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
  expect(pauses(false)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});
