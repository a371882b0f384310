import fc from "fast-check";
import { expect, it } from "vitest";
import {
  addHistogram,
  addValue,
  bucketOf,
  type Histogram,
  middleOf,
  percentiles,
} from "../../src/entities/histogram.ts";

const SHARES = [0.5, 0.95, 0.99, 1];

it("tells each value within 10 %", () => {
  for (let value = 1; value < 100_000_000; value = Math.max(value + 1, Math.floor(value * 1.003))) {
    expect(Math.abs(middleOf(bucketOf(value)) - value) / value, `${value}`).toBeLessThan(0.1);
  }
});

it("tells the percentiles of any values within 10 %, also where they are added up from several places", () => {
  const values = fc.array(fc.oneof(fc.nat(20), fc.nat(5_000), fc.nat(700_000)), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.nat(), (all, cut) => {
      const parts: Histogram[] = [{}, {}];
      for (const [at, value] of all.entries()) addValue(parts[at % ((cut % 2) + 1)] ?? {}, value);
      const [sum = {}, other = {}] = parts;
      addHistogram(sum, other);
      const sorted = all.toSorted((one, next) => one - next);
      for (const [at, share] of SHARES.entries()) {
        const exact = Math.max(1, sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
        const told = percentiles(sum, SHARES)[at] ?? 0;
        expect(Math.abs(told - exact) / exact).toBeLessThan(0.1);
      }
    }),
  );
});

it("tells nothing of nothing, and bounds what it holds", () => {
  expect(percentiles({}, [0.5])).toEqual([null]);
  expect(bucketOf(Number.MAX_VALUE)).toBe(bucketOf(1e12));
  expect([bucketOf(0), bucketOf(-5), bucketOf(Number.NaN), bucketOf(1)]).toEqual([0, 0, 0, 0]);
});
