// Hosts that fall silent, and runs that take too long.

import { expect, test } from "vitest";
import type { InvokeReply } from "../../../src/protocol/rpc.ts";
import { callOf, completed } from "../calls.ts";
import { settle } from "../clock.ts";
import { type RunMessage, SchedulerHarness } from "./harness.ts";

test("a silent host is given up after twelve seconds: callers and store hear it, the memory stays counted", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await world.clock.advance(11_900);
  expect(world.finished).toEqual([]);
  await world.clock.advance(200);
  expect(await reply).toMatchObject({ kind: "lost" });
  expect(world.finished).toMatchObject([{ id: call.id, attempt: 1, completion: { statusCode: 3, ran: false } }]);
  expect(world.core.status()).toMatchObject({ used: 256, connected: false });
  expect(world.entries.at(-1)).toMatchObject({ connected: false });
  expect(world.clock.timers).toBe(0);
});

test("a host that pings is waited for as long as the action may take and a minute more", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 300_000 });
  let outcome: InvokeReply | undefined;
  void reply.then((value) => {
    outcome = value;
  });
  for (let second = 0; second < 119; second += 5) {
    world.pinged = world.clock.at;
    await world.clock.advance(5_000);
    if (second < 110) expect(outcome).toBeUndefined();
  }
  world.pinged = world.clock.at;
  await world.clock.advance(2_000);
  expect(outcome).toMatchObject({ kind: "lost" });
  expect(world.core.status()).toMatchObject({ used: 256, connected: true });
});

test("a run that had answered when its host vanished ends with that answer", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await settle();
  const [run] = world.runs();
  world.hear({ t: "result", id: call.id, attempt: 1, lease: run!.lease, completion: completed('{"x":1}') });
  expect(await reply).toMatchObject({ kind: "done" });
  await world.clock.advance(12_100);
  expect(world.finished).toMatchObject([{ id: call.id, completion: { statusCode: 0, result: { inline: '{"x":1}' } } }]);
});

test("an outcome of our own making is not confirmed to the host", async () => {
  const world = new SchedulerHarness();
  await world.join();
  void world.core.invoke(callOf(), { waitMs: 60_000 });
  await world.clock.advance(12_100);
  expect(world.finished.length).toBe(1);
  expect(world.sent.some((message) => message.t === "stored")).toBe(false);
});

test("a host that lives and gets no processor keeps its runs, takes nothing new, and goes on when it is back", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const call = callOf();
  const reply = world.core.invoke(call, { waitMs: 120_000 });
  await settle();
  world.going = true;
  await world.clock.advance(30_000);
  expect(world.finished).toEqual([]);
  expect(await world.core.invoke(callOf(), { waitMs: 1_000 })).toEqual({
    kind: "not-ready",
    reason: "the host does not answer",
  });
  world.pinged = world.clock.at;
  const [run] = world.runs();
  world.record(run as RunMessage, '{"back":true}');
  expect(await reply).toMatchObject({ kind: "done" });
  world.pinged = world.clock.at;
  void world.core.invoke(callOf(), { waitMs: 1_000 });
  await settle();
  expect(world.runs()).toHaveLength(2);
});

test.each([
  ["is stopped or dead", false, 12_100],
  ["lives and stays silent for a minute", true, 62_000],
])("a host that %s loses what ran there", async (_, going, after) => {
  const world = new SchedulerHarness();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 120_000 });
  await settle();
  world.going = going;
  await world.clock.advance(after - 2_000);
  expect(world.finished).toEqual([]);
  await world.clock.advance(3_500);
  expect(await reply).toMatchObject({ kind: "lost" });
});
