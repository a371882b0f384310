// Hosts that fall silent, and runs that take too long.

import { expect, test } from "vitest";
import type { InvokeReply } from "../../../src/protocol/rpc.ts";
import { callOf, completed } from "../calls.ts";
import { settle } from "../clock.ts";
import { type RunMessage, SchedulerHarness } from "./harness.ts";

test("a silent host is given up after twelve seconds: callers and store hear it, the memory stays counted", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const call = callOf();
  const reply = harness.core.invoke(call, { waitMs: 60_000 });
  await harness.clock.advance(11_900);
  expect(harness.finished).toEqual([]);
  await harness.clock.advance(200);
  expect(await reply).toMatchObject({ kind: "lost" });
  expect(harness.finished).toMatchObject([{ id: call.id, attempt: 1, completion: { statusCode: 3, ran: false } }]);
  expect(harness.core.status()).toMatchObject({ used: 256, connected: false });
  expect(harness.entries.at(-1)).toMatchObject({ connected: false });
  expect(harness.clock.timers).toBe(0);
});

test("a host that pings is waited for as long as the action may take and a minute more", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 300_000 });
  let outcome: InvokeReply | undefined;
  void reply.then((value) => {
    outcome = value;
  });
  for (let second = 0; second < 119; second += 5) {
    harness.pinged = harness.clock.at;
    await harness.clock.advance(5_000);
    if (second < 110) expect(outcome).toBeUndefined();
  }
  harness.pinged = harness.clock.at;
  await harness.clock.advance(2_000);
  expect(outcome).toMatchObject({ kind: "lost" });
  expect(harness.core.status()).toMatchObject({ used: 256, connected: true });
});

test("a run that had answered when its host vanished ends with that answer", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const call = callOf();
  const reply = harness.core.invoke(call, { waitMs: 60_000 });
  await settle();
  const [run] = harness.runs();
  harness.hear({ t: "result", id: call.id, attempt: 1, lease: run!.lease, completion: completed('{"x":1}') });
  expect(await reply).toMatchObject({ kind: "done" });
  await harness.clock.advance(12_100);
  expect(harness.finished).toMatchObject([
    { id: call.id, completion: { statusCode: 0, result: { inline: '{"x":1}' } } },
  ]);
});

test("an outcome of our own making is not confirmed to the host", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  void harness.core.invoke(callOf(), { waitMs: 60_000 });
  await harness.clock.advance(12_100);
  expect(harness.finished.length).toBe(1);
  expect(harness.sent.some((message) => message.t === "stored")).toBe(false);
});

test("a host that lives and gets no processor keeps its runs, takes nothing new, and goes on when it is back", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const call = callOf();
  const reply = harness.core.invoke(call, { waitMs: 120_000 });
  await settle();
  harness.going = true;
  await harness.clock.advance(30_000);
  expect(harness.finished).toEqual([]);
  expect(await harness.core.invoke(callOf(), { waitMs: 1_000 })).toEqual({
    kind: "not-ready",
    reason: "the host does not answer",
  });
  harness.pinged = harness.clock.at;
  const [run] = harness.runs();
  harness.record(run as RunMessage, '{"back":true}');
  expect(await reply).toMatchObject({ kind: "done" });
  harness.pinged = harness.clock.at;
  void harness.core.invoke(callOf(), { waitMs: 1_000 });
  await settle();
  expect(harness.runs()).toHaveLength(2);
});

test.each([
  ["is stopped or dead", false, 12_100],
  ["lives and stays silent for a minute", true, 62_000],
])("a host that %s loses what ran there", async (_, going, after) => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 120_000 });
  await settle();
  harness.going = going;
  await harness.clock.advance(after - 2_000);
  expect(harness.finished).toEqual([]);
  await harness.clock.advance(3_500);
  expect(await reply).toMatchObject({ kind: "lost" });
});
