import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fail } from "../../src/errors.ts";
import { ANSWER_WITHIN_MS, isUnknown, NoAnswer, outOfReach, retry } from "../../src/invocation/retry.ts";

const ID = "0123456789ab00000000000000000000";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function ports() {
  const warnings: string[] = [];
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  return { warnings, after, warn: (text: string) => void warnings.push(text) };
}

test("an object that is away is asked again after 50, 250 and 1000 ms, and then given up", async () => {
  const world = ports();
  const asked: number[] = [];
  const work = async () => {
    asked.push(Date.now());
    throw new Error("away");
  };
  const outcome = retry({ ports: world, id: ID }, work);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([await outcome, asked]).toEqual([undefined, [0, 50, 300, 1_300]]);
  expect(world.warnings).toHaveLength(4);
  expect(world.warnings[0]).toBe(`activation ${ID}: asking its store failed: Error: away`);
});

test("an answer at any try is the answer", async () => {
  let tries = 0;
  const outcome = retry({ ports: ports(), id: ID }, async () => {
    if (++tries < 3) throw new Error("away");
    return "yes";
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await outcome).toBe("yes");
});

test("one that never answers is given up as well, past what it was asked to wait; no timer is left", async () => {
  const asked: number[] = [];
  const work = () => {
    asked.push(Date.now());
    return new Promise<never>(() => undefined);
  };
  const outcome = retry({ ports: ports(), id: ID, waitMs: () => 5_000 }, work);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await outcome).toBeUndefined();
  expect(asked[1]).toBe(5_000 + ANSWER_WITHIN_MS + 50);
  expect(vi.getTimerCount()).toBe(0);
});

test("who could not reach an object hears why, where the machine knows", async () => {
  expect(await outOfReach({ ailing: async () => "the disk is full" })).toMatchObject({ code: "storage-ailing" });
  expect(await outOfReach({ ailing: async () => null })).toMatchObject({ code: "no-answer" });
  expect(await outOfReach({})).toMatchObject({ code: "no-answer" });
});

test("what may have been done all the same is told from what was refused", () => {
  expect([isUnknown(fail("no-answer", "x")), isUnknown(fail("internal"))]).toEqual([true, true]);
  expect([isUnknown(fail("not-found")), isUnknown(fail("backlog-full"))]).toEqual([false, false]);
  expect(String(new NoAnswer(5))).toBe("NoAnswer: no answer within 5 ms");
});
