import { describe, expect, it } from "vitest";
import { logLine } from "../../src/entities/log-line.ts";

describe("a line of a log", () => {
  it("begins with its time, padded to where clients cut, and its stream", () => {
    const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    expect(logLine(at, "stderr", "a: b")).toBe("2026-01-02T03:04:05.006Z       stderr: a: b");
    expect(logLine(at, "stdout", "").indexOf("stdout")).toBe(31);
  });
});
