// Rule 1, branch by branch: who is asked, when the row is made, what the caller hears.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Submitted, submit } from "../../src/invocation/submit.ts";
import { done, invocation, type Script, stored, type World, world } from "./harness.ts";

const busy = { kind: "busy" } as const;
const waiting = { kind: "waiting" } as const;
const lost = { kind: "lost", reason: "its host is gone" } as const;
const gone = new Error("the object was reset");

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Run extends World {
  outcome: Submitted | undefined;
  /** ms at which the answer came. */
  at: number;
}

/** Runs until the caller is answered and for a minute longer. */
async function run(script: Script, options: { waitMs?: number; candidates?: string[] } = {}): Promise<Run> {
  const { waitMs = 60_000, candidates = ["a", "b", "c", "d"] } = options;
  const result: Run = { ...world(script), outcome: undefined, at: -1 };
  void submit(result.ports, { invocation, candidates, waitMs }).then((outcome) => {
    result.outcome = outcome;
    result.at = Date.now();
  });
  await vi.advanceTimersByTimeAsync(130_000);
  return result;
}

function statusOf(outcome: Submitted | undefined): number | undefined {
  return outcome?.ok === true && outcome.kind === "done" ? outcome.record.statusCode : undefined;
}

describe("the fast path", () => {
  it("answers what the first scheduler ran, without a row", async () => {
    const { outcome, asked, accepts, rows, at } = await run({ schedulers: { a: done } });
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
    expect([asked, accepts, rows, at]).toEqual([["a"], [], [], 0]);
  });

  it("leaves no timer behind", async () => {
    const { ports } = world({ schedulers: { a: done } });
    await submit(ports, { invocation, candidates: ["a"], waitMs: 60_000 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on to the next scheduler only when one says busy or not ready", async () => {
    const schedulers = { a: busy, b: { kind: "not-ready", reason: "no host" } as const, c: done };
    const { outcome, asked } = await run({ schedulers });
    expect(asked).toEqual(["a", "b", "c"]);
    expect(statusOf(outcome)).toBe(0);
  });

  it("asks three at most and then leaves the call to the store, once, with all candidates", async () => {
    const { outcome, asked, accepts } = await run({ schedulers: { d: done }, recordAt: 500 });
    expect(asked).toEqual(["a", "b", "c"]);
    expect(accepts).toEqual([["a", "b", "c", "d"]]);
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
  });

  it("opens the row after one second and goes on waiting", async () => {
    const { outcome, rows, at } = await run({ schedulers: { a: { after: 5_000, reply: done } } });
    expect(rows).toEqual([{ id: invocation.id, about: invocation.about, scheduler: "a", deadline: 241_000 }]);
    expect([statusOf(outcome), at]).toEqual([0, 5_000]);
  });

  it("opens no row for a run of less than a second", async () => {
    const { rows } = await run({ schedulers: { a: { after: 999, reply: done } } });
    expect(rows).toEqual([]);
  });

  it("says accepted only when the row is confirmed, however short the wait was", async () => {
    const script: Script = { schedulers: { a: { after: 100, reply: waiting } }, open: [{ after: 700 }] };
    const { outcome, rows, at } = await run(script, { waitMs: 100 });
    expect(outcome).toEqual({ ok: true, kind: "accepted" });
    expect([rows.length, at]).toEqual([1, 800]);
  });

  it("tries again to open the row, and names no id if that never works", async () => {
    const schedulers = { a: { after: 100, reply: waiting } };
    expect((await run({ schedulers, open: [gone, gone, "ok"] }, { waitMs: 100 })).outcome).toEqual({
      ok: true,
      kind: "accepted",
    });
    const never = await run({ schedulers, open: Array(9).fill(gone) }, { waitMs: 100 });
    expect(never.outcome).toMatchObject({ ok: false, code: "no-answer" });
    const full = await run({ schedulers, open: Array(9).fill(gone), ailing: "the disk is full" }, { waitMs: 100 });
    expect(full.outcome).toMatchObject({ ok: false, code: "storage-ailing", text: expect.stringContaining("is full") });
  });

  it("answers accepted when the scheduler does not answer at all, because the row is there", async () => {
    const { outcome, rows, asked, at } = await run({ schedulers: { a: "never" } }, { waitMs: 5_000 });
    expect(outcome).toEqual({ ok: true, kind: "accepted" });
    expect([rows.length, asked, at]).toEqual([1, ["a"], 7_000]);
  });
});

describe("an unknown outcome", () => {
  it("is never sent elsewhere, and the record that comes is the answer", async () => {
    const { outcome, asked, accepts, fails, at } = await run({ schedulers: { a: gone, b: done }, recordAt: 20_000 });
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
    expect([asked, accepts, fails, at]).toEqual([["a"], [], [], 20_000]);
  });

  it("gets its row at once: its Worker may be lost during the rest of the wait", async () => {
    const { rows } = await run({ schedulers: { a: gone } });
    expect(rows).toMatchObject([{ scheduler: "a", deadline: 240_000 }]);
  });

  it("ends as a whisk internal error when the wait is over", async () => {
    const { outcome, fails, at } = await run({ schedulers: { a: { after: 300, reply: gone }, b: done } });
    expect(statusOf(outcome)).toBe(3);
    expect([fails.length, at]).toEqual([1, 60_000]);
  });

  it("is waited for although the store fails now and then", async () => {
    const { outcome } = await run({ schedulers: { a: gone }, awaitThrows: 4, recordAt: 3_000 });
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
  });

  it("answers the record that was first when both came", async () => {
    const { outcome, fails } = await run({ schedulers: { a: lost }, recordAt: 0 });
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
    expect(fails).toEqual(["its host is gone"]);
  });

  it("names no id if its end cannot be written", async () => {
    const { outcome } = await run({ schedulers: { a: gone }, failThrows: 99 });
    expect(outcome).toMatchObject({ ok: false, code: "no-answer" });
    const full = await run({ schedulers: { a: gone }, failThrows: 99, ailing: "the disk is full" });
    expect(full.outcome).toMatchObject({ ok: false, code: "storage-ailing" });
  });

  it("of a lost run is ended at once", async () => {
    const { outcome, asked, at } = await run({ schedulers: { a: lost, b: done } });
    expect([statusOf(outcome), asked, at]).toEqual([3, ["a"], 0]);
  });
});

describe("a refusal that comes after the row was opened", () => {
  const late = { a: { after: 1_500, reply: busy }, b: done };

  it("leaves the call to the store, which is told who refused it, and the record is the answer", async () => {
    const { outcome, asked, accepts, refusals, fails } = await run({ schedulers: late, recordAt: 4_000 });
    expect(outcome).toEqual({ ok: true, kind: "done", record: stored });
    expect([asked, accepts, refusals, fails]).toEqual([["a"], [["a", "b", "c", "d"]], ["a"], []]);
  });

  it("is accepted where nothing has come of it when the caller's wait is over", async () => {
    const { outcome, at, fails } = await run({ schedulers: late }, { waitMs: 5_000 });
    expect([outcome, at, fails]).toEqual([{ ok: true, kind: "accepted" }, 5_000, []]);
  });

  it("goes to the store alone, not with others, and names no id if that is never confirmed", async () => {
    const { outcome, accepts } = await run({ schedulers: late, accept: Array(9).fill(gone) });
    expect(outcome).toMatchObject({ ok: false, code: "no-answer" });
    expect(accepts.length).toBeGreaterThan(1);
  });
});

describe("the durable path", () => {
  it("confirms the row of a call nobody waits for, and asks no scheduler", async () => {
    const { outcome, asked, accepts, at } = await run({ schedulers: { a: done } }, { waitMs: 0 });
    expect(outcome).toEqual({ ok: true, kind: "accepted" });
    expect([asked, accepts.length, at]).toEqual([[], 1, 0]);
  });

  it("takes calls when there is no scheduler at all", async () => {
    const { outcome, accepts } = await run({}, { waitMs: 0, candidates: [] });
    expect(outcome).toEqual({ ok: true, kind: "accepted" });
    expect(accepts).toEqual([[]]);
  });

  it("tells a full backlog, and names no id", async () => {
    expect((await run({ accept: ["full"] }, { waitMs: 0 })).outcome).toMatchObject({ ok: false, code: "backlog-full" });
  });

  it("tries again where the store failed, and names no id if that never works", async () => {
    const again = await run({ accept: [gone, "accepted"] }, { waitMs: 0 });
    expect([again.outcome, again.accepts.length]).toEqual([{ ok: true, kind: "accepted" }, 2]);
    const never = await run({ accept: Array(9).fill(gone) }, { waitMs: 0 });
    expect(never.outcome).toMatchObject({ ok: false, code: "no-answer" });
    const full = await run({ accept: Array(9).fill(gone), ailing: "the disk is full" }, { waitMs: 0 });
    expect(full.outcome).toMatchObject({ ok: false, code: "storage-ailing" });
  });

  it("asks the same store again where it does not answer in time", async () => {
    const again = await run({ schedulers: { a: done }, accept: ["never", "accepted"] }, { waitMs: 0 });
    expect([again.outcome, again.accepts.length, again.at]).toEqual([{ ok: true, kind: "accepted" }, 2, 10_050]);
  });

  it("says that nobody knows what became of it where its store never answers, and asks nobody else", async () => {
    const never = await run({ schedulers: { a: done }, accept: Array(9).fill("never") }, { waitMs: 0 });
    expect(never.outcome).toMatchObject({
      ...{ ok: false, code: "no-answer", retryable: false },
      text: expect.stringContaining("The store of this activation did not answer"),
    });
    expect([never.asked, never.accepts.length, never.at]).toEqual([[], 4, 41_300]);
  });

  it("answers accepted where the row is there and its store is silent then", async () => {
    const { outcome, at } = await run({ awaitHangs: true }, { waitMs: 4_000, candidates: [] });
    expect([outcome, at]).toEqual([{ ok: true, kind: "accepted" }, 6_000]);
  });

  it("waits for the record as long as the caller does", async () => {
    const { outcome, at } = await run({}, { waitMs: 4_000, candidates: [] });
    expect([outcome, at]).toEqual([{ ok: true, kind: "accepted" }, 4_000]);
  });
});
