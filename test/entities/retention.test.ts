// Which records are kept, as arithmetic.

import { describe, expect, it, test } from "vitest";
import {
  beyondStandard,
  isBounded,
  keptFromAge,
  keptFromExcess,
  RetentionPolicy,
  retentionOf,
} from "../../src/entities/retention.ts";

const rows = (...starts: number[]) => starts.map((start) => ({ start, bytes: 10 }));
const NO_BOUND = Number.POSITIVE_INFINITY;

describe("a policy", () => {
  it.each([
    ["nothing", {}],
    ["all bounds", { maxAge: 60, maxRecords: 1, maxBytes: 1 }],
    ["none, whatever the default", { maxAge: null, maxRecords: null, maxBytes: null }],
  ])("may say %s", (_, policy) => expect(RetentionPolicy.safeParse(policy).success).toBe(true));

  it.each([
    ["a negative age", { maxAge: -1 }],
    ["an age in which nobody can look at a record", { maxAge: 59 }],
    ["an age beyond all time", { maxAge: 1e12 }],
    ["part of a record", { maxRecords: 1.5 }],
    ["no record", { maxRecords: 0 }],
    ["no number", { maxRecords: Number.NaN }],
    ["more than there can be", { maxBytes: 1e300 }],
    ["a text", { maxBytes: "1 GB" }],
    ["an unknown field", { maxDays: 7 }],
    ["no object", []],
  ])("may not say %s", (_, policy) => expect(RetentionPolicy.safeParse(policy).success).toBe(false));

  it("goes before the default, bound by bound", () => {
    const standard = { maxAge: 600, maxRecords: 5 };
    expect(retentionOf({ maxRecords: null, maxBytes: 7 }, standard)).toEqual({
      ...{ maxAge: 600, maxRecords: null, maxBytes: 7 },
    });
    expect([isBounded({}), isBounded({ maxAge: null }), isBounded({ maxBytes: 1 })]).toEqual([false, false, true]);
  });
});

test("an age moves in steps: nothing younger goes, and nothing stays a hundredth longer, or a minute", () => {
  const now = 1_700_000_012_345;
  for (const maxAge of [60, 3_600, 604_800, 31_536_000]) {
    const from = keptFromAge(maxAge, now);
    expect(now - from).toBeGreaterThanOrEqual(maxAge * 1000);
    expect(now - from).toBeLessThanOrEqual(maxAge * 1000 + Math.max(60_000, maxAge * 10));
    expect(keptFromAge(maxAge, now + 1)).toBeGreaterThanOrEqual(from);
  }
  expect(keptFromAge(3_153_600_000, now)).toBe(0);
});

describe("what is too much", () => {
  it("goes oldest first, as many as it takes", () => {
    expect(keptFromExcess(rows(5, 1, 3, 2), NO_BOUND, { records: 2, bytes: 0 })).toEqual({ from: 3, enough: true });
    expect(keptFromExcess(rows(1, 2, 3), NO_BOUND, { records: 0, bytes: 11 })).toEqual({ from: 3, enough: true });
    expect(keptFromExcess(rows(1, 2, 3), NO_BOUND, { records: 1, bytes: 25 })).toEqual({ from: 4, enough: true });
  });

  it("goes together where it has one start", () => {
    expect(keptFromExcess(rows(1, 2, 2, 2, 3), NO_BOUND, { records: 2, bytes: 0 })).toEqual({ from: 3, enough: true });
  });

  it("stays where others may be older, until the next look", () => {
    expect(keptFromExcess(rows(1, 2, 7), 7, { records: 9, bytes: 0 })).toEqual({ from: 3, enough: false });
    expect(keptFromExcess(rows(7), 7, { records: 1, bytes: 0 })).toEqual({ from: 0, enough: false });
    expect(keptFromExcess([], NO_BOUND, { records: 1, bytes: 0 })).toEqual({ from: 0, enough: false });
  });
});

test("a policy that keeps more than the deployment names what is beyond it; less, and what it does not say, is not", () => {
  const standard = { maxAge: 3_600, maxBytes: 1_000 };
  expect(beyondStandard({}, standard)).toEqual([]);
  expect(beyondStandard({ maxAge: 3_600, maxRecords: 1e9, maxBytes: 1 }, standard)).toEqual([]);
  expect(beyondStandard({ maxAge: 3_601, maxRecords: null, maxBytes: null }, standard)).toEqual(["maxAge", "maxBytes"]);
  expect(beyondStandard({ maxAge: null }, { maxAge: null })).toEqual([]);
});
