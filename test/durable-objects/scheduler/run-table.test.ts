// Runs, their memory and who waits for them: whatever is said, memory counted is memory used,
// and everybody is told once.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Grants } from "../../../durable-objects/scheduler/grants.ts";
import type { TrackedRun } from "../../../durable-objects/scheduler/run.ts";
import { type RunOutcomes, RunTable } from "../../../durable-objects/scheduler/run-table.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import type { Finished, InvokeReply } from "../../../src/protocol/rpc.ts";
import { callOf, completed } from "../calls.ts";
import { Clock, settle } from "../clock.ts";

const PROOFS = new Proofs({ current: "a secret of the tests", previous: null });

function open(totalMb = 1024) {
  const clock = new Clock();
  const delivered: { finished: Finished; urgent: boolean }[] = [];
  const concluded: Finished[] = [];
  const declined: { id: string; attempt: number }[] = [];
  const given: { invocation: Invocation | undefined; finished: Finished }[] = [];
  const outcomes: RunOutcomes = {
    deliver: (_store, finished, { urgent }) => delivered.push({ finished, urgent }),
    conclude: (_store, finished) => concluded.push(finished),
    decline: (_store, items) => declined.push(...items),
    giveUp: (_store, finished, invocation) => given.push({ invocation, finished }),
  };
  const grants = new Grants("h", { proofs: () => PROOFS, provenSince: () => 0 });
  const runs = new RunTable({ ports: clock, grants, outcomes });
  runs.resize(totalMb);
  const admit = (options: { origin?: "fast" | "durable"; call?: Invocation; reservedMb?: number } = {}) => {
    const { origin = "fast", call = callOf(), reservedMb = 0 } = options;
    return runs.admit({ invocation: call, attempt: 1 }, { store: "ns:01", origin, epoch: 5, reservedMb });
  };
  const start = (options: Parameters<typeof admit>[0] = {}): TrackedRun => {
    const run = admit(options);
    if (run === undefined) throw new Error("no room");
    runs.sent(run, undefined);
    return run;
  };
  return { clock, runs, grants, admit, start, delivered, concluded, declined, given };
}

const nameOf = ({ id, attempt, lease }: TrackedRun) => ({ id, attempt, lease });

function resultOf(run: TrackedRun) {
  return { t: "result", ...nameOf(run), completion: completed() } as const;
}

function recordOf(run: TrackedRun) {
  return { t: "record", ...nameOf(run), about: run.about, completion: completed() } as const;
}

function refusalOf(run: TrackedRun, reason: "busy" | "stale" | "draining" | "duplicate") {
  return { t: "refused", ...nameOf(run), reason } as const;
}

test("a run takes its memory until its host has answered, and no more runs than fit are admitted", () => {
  const { runs, admit, start } = open(512);
  const [one] = [start(), start()];
  expect([admit(), runs.usedMb, runs.freeMb, runs.running]).toEqual([undefined, 512, 0, 2]);
  runs.result(resultOf(one));
  runs.result(resultOf(one));
  expect([runs.usedMb, runs.open, one.phase]).toEqual([256, 2, "recording"]);
  expect(admit({ reservedMb: 256 })).toBeUndefined();
  expect(admit()).toMatchObject({ phase: "granted", counted: true });
});

test("the caller hears the answer once, and the record tells the same moment", async () => {
  const { clock, runs, start, delivered } = open();
  const run = start();
  const reply = runs.wait(run, 60_000);
  await clock.advance(100);
  runs.result({ ...resultOf(run), completion: { ...completed(), endedAgo: 40 } });
  expect(await reply).toMatchObject({ kind: "done", endedAt: clock.at - 40, completion: { host: "h" } });
  expect(clock.timers).toBe(0);
  await clock.advance(5_000);
  expect(runs.record(recordOf(run))).toBe(true);
  expect(delivered).toMatchObject([{ finished: { id: run.id, endedAt: clock.at - 5_040 }, urgent: false }]);
  expect([runs.get(run.id), runs.open]).toEqual([undefined, 0]);
});

test("who has waited long enough goes on without the run, which goes on as well", async () => {
  const { clock, runs, start } = open();
  const run = start();
  const replies = [runs.wait(run, 1_000), runs.wait(run, 9_000)];
  await clock.advance(1_000);
  expect(await replies[0]).toEqual({ kind: "waiting" });
  runs.record(recordOf(run));
  expect(await replies[1]).toMatchObject({ kind: "done" });
});

test("a record is urgent where somebody waits for it at the store", () => {
  const { runs, start, delivered } = open();
  runs.record(recordOf(start({ origin: "durable", call: callOf({ blocking: true }) })));
  runs.record(recordOf(start({ origin: "durable", call: callOf({ blocking: false }) })));
  runs.record(recordOf(start({ origin: "fast", call: callOf({ blocking: true }) })));
  expect(delivered.map(({ urgent }) => urgent)).toEqual([true, false, false]);
});

test("words under another lease or attempt touch nothing", () => {
  const { runs, start } = open();
  const run = start();
  const stale = { ...run, lease: { ...run.lease, epoch: run.lease.epoch - 1 } };
  const other = { ...run, attempt: 2 };
  for (const wrong of [stale, other]) {
    runs.result(resultOf(wrong));
    expect([runs.record(recordOf(wrong)), runs.refused(refusalOf(wrong, "busy"))]).toEqual([false, undefined]);
  }
  expect([run.phase, runs.usedMb, runs.isCrowded]).toEqual(["running", 256, false]);
});

test.each(["busy", "draining"] as const)(
  "a run that was refused with %s goes back to whoever granted it",
  async (reason) => {
    const { clock, runs, start, declined } = open();
    const durable = start({ origin: "durable" });
    runs.refused(refusalOf(durable, reason));
    expect(declined).toEqual([{ id: durable.id, attempt: 1 }]);
    await clock.advance(runs.crowdedMs);
    const awaited = start({ call: callOf() });
    const reply = runs.wait(awaited, 60_000);
    runs.refused(refusalOf(awaited, reason));
    expect((await reply).kind).toBe(reason === "busy" ? "busy" : "not-ready");
  },
);

test("a refused run for which nobody waits any more goes back to its store, with the error it ends with where that fails", () => {
  const { runs, start, concluded, given } = open();
  const call = callOf();
  const run = start({ call });
  runs.refused(refusalOf(run, "draining"));
  expect(given).toMatchObject([{ invocation: call, finished: { id: run.id, completion: { statusCode: 3 } } }]);
  expect(JSON.stringify(given[0]?.finished.completion.result)).toContain("draining");
  expect(concluded).toEqual([]);
});

test("a host that says `duplicate` has the run under this lease: nothing changes", () => {
  const { runs, start } = open();
  const run = start();
  expect(runs.refused(refusalOf(run, "duplicate"))).toBeUndefined();
  expect([runs.get(run.id), runs.usedMb]).toEqual([run, 256]);
});

test("a host that refuses for want of room is left alone twice as long each time, until a run has ended", async () => {
  const { clock, runs, admit, start } = open(4096);
  const pauses: number[] = [];
  for (let at = 0; at < 8; at++) {
    runs.refused(refusalOf(start({ origin: "durable" }), "busy"));
    expect(admit()).toBeUndefined();
    pauses.push(runs.crowdedMs);
    await clock.advance(runs.crowdedMs);
    expect(runs.isCrowded).toBe(false);
  }
  expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  const run = start();
  runs.refused(refusalOf(start({ origin: "durable" }), "busy"));
  runs.record(recordOf(run));
  expect([runs.isCrowded, admit() === undefined]).toEqual([false, false]);
  runs.refused(refusalOf(start({ origin: "durable" }), "busy"));
  expect(runs.crowdedMs).toBe(200);
});

test("a crowded host takes what needs no container more", () => {
  const { runs, admit, start } = open(4096);
  const about = {
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 2 },
    name: "shared",
    path: "guest/shared",
  };
  start({ call: callOf({ about }) });
  runs.refused(refusalOf(start({ origin: "durable" }), "busy"));
  expect([admit({ call: callOf({ about }) }) === undefined, admit() === undefined]).toEqual([false, true]);
});

test("what may have started is lost and keeps its memory; what was not sent is given back", async () => {
  const { runs, admit, start, concluded, declined } = open();
  const running = start();
  const reply = runs.wait(running, 60_000);
  const answered = start();
  runs.result(resultOf(answered));
  const granted = admit({ origin: "durable" });
  runs.loseAll("its host cannot be reached");
  expect(await reply).toEqual({ kind: "lost", reason: "its host cannot be reached" });
  expect(concluded.map(({ id, completion }) => [id, completion.statusCode])).toEqual([
    [running.id, 3],
    [answered.id, 0],
  ]);
  expect(declined).toEqual([{ id: granted?.id, attempt: 1 }]);
  expect([runs.open, runs.usedMb, runs.isOpen(running.id)]).toEqual([0, 256, false]);
  // It frees its memory, and tells nobody a second time.
  runs.result(resultOf(running));
  expect([runs.usedMb, concluded.length]).toEqual([0, 2]);
});

test("a run is given up a minute after its timeout", async () => {
  const { clock, runs, start, concluded } = open();
  const run = start();
  expect(runs.earliestDeadline()).toBe(clock.at + 120_000);
  await clock.advance(119_999);
  runs.loseOverdue("late");
  expect(concluded).toEqual([]);
  await clock.advance(1);
  runs.loseOverdue("late");
  expect(concluded).toMatchObject([{ id: run.id }]);
  expect(runs.earliestDeadline()).toBe(Number.POSITIVE_INFINITY);
});

function itemOf(run: TrackedRun, memory = 256) {
  return { ...nameOf(run), about: run.about, memory };
}

test("after an inventory memory is what the host named and what is on its way there; what it never got is sent again", () => {
  const { runs, admit, start, concluded } = open();
  const [named, unnamed, ended] = [start(), start(), start()];
  const granted = admit();
  runs.loseOverdue("never");
  runs.lose(ended, "its host was silent");
  runs.beginInventory();
  expect(runs.found([itemOf(named)])).toBe(true);
  const again = runs.endInventory({ rebooted: false, isKept: () => false });
  expect(again).toEqual([unnamed]);
  expect([runs.usedMb, runs.get(ended.id), granted?.counted]).toEqual([768, undefined, true]);
  expect(concluded).toHaveLength(1);
});

test("a host that was restarted has lost what it neither names nor keeps", async () => {
  const { runs, start, concluded } = open();
  const [kept, lost] = [start(), start()];
  const reply = runs.wait(lost, 60_000);
  const again = runs.endInventory({ rebooted: true, isKept: (id) => id === kept.id });
  expect(await reply).toMatchObject({ kind: "lost", reason: "its host was restarted" });
  expect([again, concluded.map(({ id }) => id)]).toEqual([[], [lost.id]]);
  expect([kept.phase, runs.usedMb, runs.isOpen(kept.id)]).toEqual(["recording", 0, true]);
});

test("what the host names and an earlier incarnation granted is adopted; what nobody granted takes memory and has no outcome", () => {
  const { runs, grants, delivered, concluded } = open();
  const call = callOf();
  const { about } = call;
  const lease = PROOFS.lease({ host: "h", id: call.id, attempt: 1, about: aboutDigest(about) }, { epoch: 2, turn: 1 });
  const proven = { id: call.id, attempt: 1, lease, about, memory: 256 };
  const claimed = { ...proven, id: callOf().id };
  runs.found([proven, claimed]);
  runs.endInventory({ rebooted: false, isKept: () => false });
  expect([runs.get(proven.id)?.origin, runs.get(claimed.id)?.origin]).toEqual(["adopted", "claimed"]);
  expect([runs.usedMb, grants.strangers]).toEqual([512, 1]);
  const completion = completed();
  expect(runs.record({ t: "record", ...proven, completion })).toBe(true);
  expect(runs.record({ t: "record", ...claimed, completion })).toBe(false);
  expect([delivered.length, concluded.length, runs.usedMb]).toEqual([1, 0, 0]);
});

test("one inventory names so many runs and no more", () => {
  const { runs, start } = open();
  const item = itemOf(start());
  runs.beginInventory();
  expect(runs.found(Array.from({ length: 10_001 }, () => item))).toBe(false);
  expect(runs.found([item])).toBe(true);
});

test("whatever happens, memory counted is memory of runs that are counted, and every caller is answered once", async () => {
  const step = fc.record({ what: fc.integer({ min: 0, max: 9 }), which: fc.nat({ max: 11 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { runs, admit } = open(2048);
      const all: TrackedRun[] = [];
      const replies: InvokeReply[] = [];
      let asked = 0;
      for (const { what, which } of steps) {
        const run = all[which % Math.max(1, all.length)];
        if (what < 3 || run === undefined) {
          const granted = admit({ origin: which % 2 === 0 ? "fast" : "durable" });
          if (granted === undefined) continue;
          all.push(granted);
          asked++;
          void runs.wait(granted, 1e9).then((reply) => replies.push(reply));
        } else if (what === 3 && !run.ended && runs.get(run.id) === run) runs.sent(run, undefined);
        else if (what === 4) runs.result(resultOf(run));
        else if (what === 5) runs.record(recordOf(run));
        else if (what === 6) runs.refused(refusalOf(run, "busy"));
        else if (what === 7) runs.lose(run, "lost");
        else if (what === 8) runs.endInventory({ rebooted: which % 2 === 0, isKept: (id) => id === run.id });
        else runs.found([itemOf(run, which % 3 === 0 ? 0 : 256)]);
        const known = all.filter((each) => runs.get(each.id) === each);
        const adopted = all
          .map((each) => runs.get(each.id))
          .filter((each) => each !== undefined && !all.includes(each));
        const counted = [...known, ...new Set(adopted)].filter((each) => each?.counted === true);
        expect(runs.usedMb).toBe(256 * counted.length);
      }
      runs.loseAll("the end");
      await settle();
      expect(runs.open).toBe(0);
      // A durable run that goes back to its store leaves its callers to their own clock.
      expect(replies.length).toBeLessThanOrEqual(asked);
      const waiting = all.reduce((sum, each) => sum + each.waiters.length, 0);
      expect(replies.length + waiting).toBe(asked);
    }),
    { numRuns: 200 },
  );
});
