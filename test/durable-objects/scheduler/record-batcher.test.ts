// Records on their way to stores: batched, urgent ones at once, tried again, confirmed when they are there.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("records are batched, and confirmed to the host only when the store has them", async () => {
  const world = new SchedulerHarness();
  await world.join();
  world.storeFails = true;
  const replies = [callOf(), callOf()].map((call) => world.core.invoke(call, { waitMs: 60_000 }));
  await settle();
  for (const run of world.runs()) world.record(run);
  await Promise.all(replies);
  await world.clock.advance(50);
  const ids = world.runs().map((run) => run.invocation.id);
  expect(world.sent.some((message) => message.t === "stored")).toBe(false);
  expect(world.core.holds(ids).held).toEqual(ids);
  world.storeFails = false;
  await world.clock.advance(1_000);
  expect(world.sent.at(-1)).toMatchObject({ t: "stored", items: ids.map((id) => ({ id, attempt: 1 })) });
  expect(world.core.holds(ids).held).toEqual([]);
});

test("a record that somebody waits for at its store is flushed at once, others with those of the next ten milliseconds", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const lazy = { invocation: callOf(), attempt: 1 };
  const urgent = { invocation: callOf({ blocking: true }), attempt: 1 };
  await world.core.offer("ns:01", [lazy, urgent], { epoch: 5 });
  const [first, second] = world.runs();
  world.record(first!);
  await world.clock.advance(9);
  expect(world.finished).toEqual([]);
  world.record(second!);
  await world.clock.advance(0);
  expect(world.finished.map((each) => each.id)).toEqual([lazy.invocation.id, urgent.invocation.id]);
});

test("a store that does not answer is not asked sooner because of a record that is waited for", async () => {
  const world = new SchedulerHarness();
  await world.join();
  world.storeFails = true;
  const offers = [1, 2].map(() => ({ invocation: callOf({ blocking: true }), attempt: 1 }));
  await world.core.offer("ns:01", offers, { epoch: 5 });
  const [first, second] = world.runs();
  world.record(first!);
  await world.clock.advance(1);
  world.storeFails = false;
  world.record(second!);
  await world.clock.advance(90);
  expect(world.finished).toEqual([]);
  await world.clock.advance(20);
  expect(world.finished.length).toBe(2);
});
