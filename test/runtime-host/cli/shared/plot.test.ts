import { describe, expect, it } from "vitest";
import { plot, stamp } from "../../../../runtime-host/cli/shared/plot.ts";

const MINUTE = 60_000;
const linesOf = (...args: Parameters<typeof plot>) => plot(...args).split("\n");

describe("a plot in the terminal", () => {
  it("has as many columns as spans, each as high as its part of the most", () => {
    const points = [
      { at: 0, count: 6, errors: 0 },
      { at: MINUTE, count: 3, errors: 0 },
      { at: 3 * MINUTE, count: 1, errors: 0 },
    ];
    expect(linesOf(points, { since: 0, upto: 3 * MINUTE, step: MINUTE })).toEqual([
      "6 │█",
      "  │█",
      "  │█",
      "  │██",
      "  │██",
      "  │██ █",
      "0 └────",
      "   1970-01-01T00:00Z to 1970-01-01T00:04Z",
    ]);
  });

  it("draws many spans in as many columns as there is room for, and what is there at all is seen", () => {
    const points = [
      { at: 0, count: 10_000, errors: 0 },
      { at: 119 * MINUTE, count: 1, errors: 0 },
    ];
    const lines = linesOf(points, { since: 0, upto: 119 * MINUTE, step: MINUTE });
    expect(lines).toHaveLength(8);
    expect(lines[5]).toBe(`      │█${" ".repeat(58)}▁`);
    expect(lines[7]).toContain("1970-01-01T00:00Z to 1970-01-01T02:00Z, 2 in a column");
  });

  it("marks below each column whether something failed there", () => {
    const points = [
      { at: 0, count: 1, errors: 0 },
      { at: 2 * MINUTE, count: 4, errors: 4 },
    ];
    const lines = linesOf(points, { since: 0, upto: 2 * MINUTE, step: MINUTE });
    expect(lines[7]).toBe("     !  ! = with errors");
  });

  it("is flat where nothing was counted, and leaves out what is not of its time", () => {
    const far = [{ at: 60 * MINUTE, count: 9, errors: 9 }];
    const lines = linesOf(far, { since: 0, upto: MINUTE, step: MINUTE });
    expect(lines.slice(0, 7)).toEqual(["0 │", "  │", "  │", "  │", "  │", "  │", "0 └──"]);
    expect(lines).toHaveLength(8);
  });
});

it("stamps a moment to the minute", () => {
  expect(stamp(Date.UTC(2026, 9, 28, 12, 34, 56))).toBe("2026-10-28T12:34Z");
});
