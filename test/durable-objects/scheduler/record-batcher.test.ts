// Records on their way to stores: batched, urgent ones at once, tried again, confirmed when they are there.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("records are batched, and confirmed to the host only when the store has them", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  harness.storeFails = true;
  const replies = [callOf(), callOf()].map((call) => harness.core.invoke(call, { waitMs: 60_000 }));
  await settle();
  for (const run of harness.runs()) harness.record(run);
  await Promise.all(replies);
  await harness.clock.advance(50);
  const ids = harness.runs().map((run) => run.invocation.id);
  expect(harness.sent.some((message) => message.t === "stored")).toBe(false);
  expect(harness.core.holds(ids).held).toEqual(ids);
  harness.storeFails = false;
  await harness.clock.advance(1_000);
  expect(harness.sent.at(-1)).toMatchObject({ t: "stored", items: ids.map((id) => ({ id, attempt: 1 })) });
  expect(harness.core.holds(ids).held).toEqual([]);
});

test("a record that somebody waits for at its store is flushed at once, others with those of the next ten milliseconds", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const lazy = { invocation: callOf(), attempt: 1 };
  const urgent = { invocation: callOf({ blocking: true }), attempt: 1 };
  await harness.core.offer("ns:01", [lazy, urgent], { epoch: 5 });
  const [first, second] = harness.runs();
  harness.record(first!);
  await harness.clock.advance(9);
  expect(harness.finished).toEqual([]);
  harness.record(second!);
  await harness.clock.advance(0);
  expect(harness.finished.map((each) => each.id)).toEqual([lazy.invocation.id, urgent.invocation.id]);
});

test("a store that does not answer is not asked sooner because of a record that is waited for", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  harness.storeFails = true;
  const offers = [1, 2].map(() => ({ invocation: callOf({ blocking: true }), attempt: 1 }));
  await harness.core.offer("ns:01", offers, { epoch: 5 });
  const [first, second] = harness.runs();
  harness.record(first!);
  await harness.clock.advance(1);
  harness.storeFails = false;
  harness.record(second!);
  await harness.clock.advance(90);
  expect(harness.finished).toEqual([]);
  await harness.clock.advance(20);
  expect(harness.finished.length).toBe(2);
});

test("a store that never answers is asked again after a minute", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  harness.storeHangs = true;
  await harness.core.offer("ns:01", [{ invocation: callOf({ blocking: true }), attempt: 1 }], { epoch: 5 });
  harness.record(harness.runs()[0]!);
  await harness.clock.advance(30_000);
  harness.storeHangs = false;
  expect(harness.sent.some((message) => message.t === "stored")).toBe(false);
  await harness.clock.advance(32_000);
  expect(harness.finished.length).toBe(1);
  expect(harness.sent.at(-1)).toMatchObject({ t: "stored", items: [{ attempt: 1 }] });
});
