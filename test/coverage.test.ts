// The conformance suite says what it shows: COVERAGE.md is what the cases make it,
// and nothing is missing without a reason.

import { describe, expect, it } from "vitest";
import { coverage } from "./conformance/coverage.ts";

describe("the conformance suite", () => {
  const { markdown, written, share, faults } = coverage();

  it("has a case or a reason for every line", () => {
    expect(faults).toEqual([]);
  });

  it("shows nearly all lines that can be seen over HTTP", () => {
    expect(share.P0).toBeGreaterThanOrEqual(0.95);
    expect(share.P1).toBeGreaterThanOrEqual(0.85);
  });

  it("has a COVERAGE.md that is up to date (node test/conformance/coverage.ts)", () => {
    expect(written).toBe(markdown);
  });
});
