import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Ailment } from "../../../runtime-host/machine/ailment.ts";
import { backoff } from "../../../runtime-host/machine/backoff.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const said: string[] = [];
  let tries = 0;
  const ailment = new Ailment({
    again: () => tries++,
    failed: (reason) => said.push(reason),
    over: () => said.push("over"),
    pause: backoff({ first: 100, max: 400, random: () => 1 }),
  });
  return { ailment, said, tries: () => tries };
}

describe("what does not work although it should", () => {
  it("is tried again after growing pauses, once for each failure", () => {
    const { ailment, tries } = setUp();
    ailment.fails(new Error("no room"));
    ailment.fails(new Error("no room"));
    vi.advanceTimersByTime(99);
    expect(tries()).toBe(0);
    vi.advanceTimersByTime(1);
    expect(tries()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(tries(), "the try itself must say what became of it").toBe(1);
    ailment.fails(new Error("no room"));
    vi.advanceTimersByTime(200);
    expect(tries()).toBe(2);
  });

  it("is told of once for each reason, and when it is over", () => {
    const { ailment, said, tries } = setUp();
    expect(ailment.reason).toBeNull();
    ailment.works();
    for (const reason of ["no room", "no room", "read-only"]) ailment.fails(new Error(reason));
    expect(ailment.reason).toBe("read-only");
    ailment.works();
    expect(ailment.reason).toBeNull();
    expect(said).toEqual(["no room", "read-only", "over"]);
    vi.advanceTimersByTime(10_000);
    expect(tries(), "what works is not tried again").toBe(0);
  });

  it("is left alone after the end", () => {
    const { ailment, tries } = setUp();
    ailment.fails(new Error("no room"));
    ailment.close();
    ailment.fails(new Error("no room"));
    vi.advanceTimersByTime(10_000);
    expect(tries()).toBe(0);
  });
});
