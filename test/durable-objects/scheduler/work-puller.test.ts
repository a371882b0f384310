// Which stores are asked, when, and what is kept free for their answers.

import { expect, test } from "vitest";
import { WorkPuller } from "../../../durable-objects/scheduler/work-puller.ts";
import type { Offer } from "../../../src/protocol/rpc.ts";
import { callOf } from "../calls.ts";
import { Clock, settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

const PYTHON = { kind: "python:3.12", binary: false };

test("pulls of which nothing can be started are repeated ever more rarely, and take no memory from others", async () => {
  const harness = new SchedulerHarness();
  harness.waiting = ["ns:01"];
  const python = callOf({ exec: PYTHON });
  let attempt = 0;
  harness.bring = async () => [{ invocation: python, attempt: ++attempt }];
  await harness.join();
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      harness.pinged = harness.clock.at;
      await harness.clock.advance(1_000);
    }
  };
  await pass(60);
  expect(harness.pulls.length).toBeGreaterThan(5);
  expect(harness.pulls.length).toBeLessThan(12);
  expect(harness.declined).toHaveLength(harness.pulls.length);
  // While one is under way, others are served.
  harness.bring = () => new Promise(() => {});
  await pass(30);
  const replies = [1, 2, 3, 4].map(() => harness.core.invoke(callOf(), { waitMs: 60_000 }));
  await settle();
  expect(harness.runs()).toHaveLength(4);
  for (const run of harness.runs()) harness.record(run);
  expect((await Promise.all(replies)).map((reply) => reply.kind)).toEqual(["done", "done", "done", "done"]);
});

test("memory is kept free for what is known to wait, for three seconds at most", async () => {
  const harness = new SchedulerHarness();
  await harness.join({ report: { memory: 512 } });
  const offers = [1, 2, 3].map(() => ({ invocation: callOf(), attempt: 1 }));
  const reply = await harness.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply.accepted).toHaveLength(2);
  harness.bring = () => new Promise(() => {});
  for (const run of harness.runs()) harness.record(run);
  await settle();
  expect(harness.pulls).toHaveLength(1);
  const kinds = async () => {
    const asked = [1, 2].map(() => harness.core.invoke(callOf(), { waitMs: 1 }));
    await harness.clock.advance(1);
    return (await Promise.all(asked)).map((each) => each.kind);
  };
  expect(await kinds()).toEqual(["waiting", "busy"]);
  await harness.clock.advance(3_000);
  harness.bring = undefined;
  expect(await kinds()).toEqual(["waiting", "busy"]);
  expect(harness.core.status()).toMatchObject({ used: 512 });
});

function open(options: { freeMb?: number; totalMb?: number } = {}) {
  const clock = new Clock();
  const state = { freeMb: options.freeMb ?? 1_024, totalMb: options.totalMb ?? 1_024, started: 1 };
  const asked: { store: string; memory: number }[] = [];
  const answers: ((offers: Offer[]) => void)[] = [];
  const warnings: string[] = [];
  const puller = new WorkPuller({
    now: clock.now,
    after: clock.after,
    freeMb: () => state.freeMb,
    totalMb: () => state.totalMb,
    pull: (store, { memory }) => {
      asked.push({ store, memory });
      return new Promise((resolve) => answers.push(resolve));
    },
    start: () => state.started,
    warn: (text) => warnings.push(text),
  });
  const answer = async (offers: Offer[]) => {
    answers.shift()?.(offers);
    await settle();
  };
  return { clock, state, puller, asked, answer, warnings };
}

const offer = (): Offer => ({ invocation: callOf(), attempt: 1 });

test("stores are asked in turn, one at a time, and each again while it has work", async () => {
  const { puller, asked, answer } = open();
  for (const store of ["a", "b"]) puller.add(store);
  puller.pump();
  puller.pump();
  expect(asked.map(({ store }) => store)).toEqual(["a"]);
  await answer([offer()]);
  await answer([offer()]);
  await answer([]);
  await answer([]);
  expect(asked.map(({ store }) => store)).toEqual(["a", "b", "a", "b"]);
  puller.pump();
  expect(asked).toHaveLength(4);
});

test("nobody is asked while there is no room, and for no more than there is", () => {
  const { puller, asked, state } = open({ freeMb: 0 });
  puller.add("a");
  puller.pump();
  expect(asked).toEqual([]);
  state.freeMb = 100;
  puller.pump();
  expect(asked).toEqual([{ store: "a", memory: 100 }]);
  const large = open({ freeMb: 100_000, totalMb: 100_000 });
  large.puller.add("a");
  large.puller.pump();
  expect(large.asked).toEqual([{ store: "a", memory: 50_000 }]);
});

test("a store that had nothing for so little is asked again when there is more", async () => {
  const { puller, asked, answer, state } = open({ freeMb: 128, totalMb: 1_024 });
  puller.add("a");
  puller.pump();
  await answer([]);
  puller.pump();
  expect(asked).toHaveLength(1);
  state.freeMb = 256;
  puller.pump();
  expect(asked).toHaveLength(2);
});

test("memory is kept free for what is known to wait there, while its answer is under way", async () => {
  const { puller, answer } = open();
  puller.add("a");
  puller.pump();
  expect(puller.reservedMb).toBe(0);
  puller.add("b", 300);
  puller.add("b", 10_000);
  await answer([]);
  expect(puller.reservedMb).toBe(1_024);
  await answer([]);
  expect(puller.reservedMb).toBe(0);
});

test("who does not answer within three seconds is passed over, and an answer that comes later starts nothing", async () => {
  const { clock, puller, asked, answer, warnings, state } = open();
  state.started = 0;
  puller.add("a");
  puller.add("b");
  puller.pump();
  await clock.advance(2_999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked.map(({ store }) => store)).toEqual(["a", "b"]);
  expect(warnings).toHaveLength(1);
  // This is the answer of the first.
  await answer([offer()]);
  await clock.advance(1_000);
  expect(asked).toHaveLength(2);
});

test("a store of whose work nothing was started is left alone twice as long each time, up to half a minute", async () => {
  const { clock, puller, asked, answer, state } = open();
  state.started = 0;
  puller.add("a");
  puller.pump();
  const pauses: number[] = [];
  for (let time = 1; time <= 11; time++) {
    const before = clock.at;
    await answer([offer()]);
    while (asked.length === time) await clock.advance(100);
    pauses.push(clock.at - before);
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  state.started = 1;
  await answer([offer()]);
  state.started = 0;
  const before = clock.at;
  await answer([offer()]);
  while (asked.length === 13) await clock.advance(100);
  expect(clock.at - before).toBe(100);
});
