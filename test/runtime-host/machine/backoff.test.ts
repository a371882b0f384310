import { describe, expect, it } from "vitest";
import { backoff } from "../../../runtime-host/machine/backoff.ts";

describe("the pauses between tries", () => {
  it("double up to the bound, and begin anew after a reset", () => {
    const pause = backoff({ first: 100, max: 1_000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => pause.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    pause.reset();
    expect(pause.next()).toBe(100);
    for (let tries = 0; tries < 2_000; tries++) pause.next();
    expect(pause.next()).toBe(1_000);
  });

  it("differ by up to a half, so that not all return at once", () => {
    expect(backoff({ first: 100, max: 1_000, random: () => 0 }).next()).toBe(50);
    expect(backoff({ first: 100, max: 1_000, random: () => 0.5 }).next()).toBe(75);
  });

  it("follow a bound that changes", () => {
    let max = 10_000;
    const pause = backoff({ first: 1_000, max: () => max, random: () => 1 });
    expect([pause.next(), pause.next(), pause.next()]).toEqual([1_000, 2_000, 4_000]);
    max = 500;
    expect(pause.next()).toBe(500);
  });
});
