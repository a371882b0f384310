// What a host says and what becomes of it: fenced by leases, counted by its inventory.

import { expect, test } from "vitest";
import { aboutDigest } from "../../../src/protocol/proofs.ts";
import { callOf, completed, metaOf, reportOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { EPOCH, type RunMessage, SchedulerHarness } from "./harness.ts";

test("what the inventory names counts, and its results are taken", async () => {
  const harness = new SchedulerHarness();
  const running = [1, 2].map((counter) => {
    const grant = { host: "h", id: callOf().id, attempt: 1, about: aboutDigest(metaOf()) };
    const lease = harness.proofs.lease(grant, { epoch: 2, turn: counter });
    return { id: grant.id, attempt: 1, lease, memory: 512, about: metaOf() };
  });
  await harness.join({ inventory: { running } });
  expect(await harness.core.invoke(callOf(), { waitMs: 1 })).toEqual({ kind: "busy" });
  const { id, attempt, lease } = running[0]!;
  harness.hear({ t: "result", id, attempt, lease, completion: completed() });
  expect(harness.core.status()).toMatchObject({ used: 512, running: 1 });
  // Nobody here has seen its arguments: where they would lie is told to the store, which forgets them.
  harness.hear({ t: "record", id, attempt, lease, about: metaOf(), completion: completed() });
  await harness.clock.advance(1_000);
  expect(harness.finished).toMatchObject([{ id, spent: `args/${metaOf().namespaceId}/${id}` }]);
});

test("a word under another lease than the granted one releases nobody and frees nothing", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [run] = harness.runs();
  const stale = { ...run!, lease: { epoch: run!.lease.epoch - 1, counter: run!.lease.counter } };
  harness.record(stale, '{"stale":1}');
  harness.hear({ t: "result", id: run!.invocation.id, attempt: 2, lease: run!.lease, completion: completed() });
  harness.hear({ t: "refused", id: run!.invocation.id, attempt: 1, lease: stale.lease, reason: "busy" });
  expect(harness.core.status()).toMatchObject({ used: 256 });
  harness.record(run!, '{"true":1}');
  expect(await reply).toMatchObject({ completion: { result: { inline: '{"true":1}' } } });
});

test("a record that comes after all goes to the store and frees the memory", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await harness.clock.advance(12_100);
  expect(await reply).toMatchObject({ kind: "lost" });
  const [run] = harness.runs();
  const { lease, invocation } = run!;
  const item = { id: invocation.id, attempt: 1, lease, memory: 256, about: invocation.about };
  await harness.join({ inventory: { running: [item] } });
  expect(harness.core.status()).toMatchObject({ used: 256 });
  harness.record(run!);
  await harness.clock.advance(20);
  expect(harness.core.status()).toMatchObject({ used: 0 });
  expect(harness.finished.map((each) => each.completion.statusCode)).toEqual([3, 0]);
});

test("work the host refuses goes back to its store", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const offer = { invocation: callOf(), attempt: 3 };
  await harness.core.offer("ns:01", [offer], { epoch: 5 });
  await settle();
  const [run] = harness.runs();
  harness.hear({ t: "refused", id: offer.invocation.id, attempt: 3, lease: run!.lease, reason: "draining" });
  expect(harness.declined).toEqual([{ id: offer.invocation.id, attempt: 3 }]);
  expect(harness.core.status()).toMatchObject({ used: 0 });
});

test("a host that is not the one this line is for is let go: who waited is told, and so is the roster", async () => {
  const harness = new SchedulerHarness();
  await harness.join({ report: { follows: true } });
  const call = callOf();
  const reply = harness.core.invoke(call, { waitMs: 60_000 });
  await settle();
  const followed = harness.core.tail(call.id, { namespaceId: call.about.namespaceId, from: 0, waitMs: 10_000 });
  let give: (key: string) => void = () => {};
  harness.credential = () =>
    new Promise((resolve) => {
      give = resolve;
    });
  const unsent = harness.core.invoke(callOf({ credential: "activation" }), { waitMs: 60_000 });
  await settle();
  harness.hear({ t: "hello", report: reportOf() });
  expect(await followed).toEqual({ kind: "nothing" });
  expect(await unsent).toMatchObject({ kind: "not-ready" });
  expect(harness.entries.at(-1)).toMatchObject({ connected: false });
  give("too late");
  // What was sent may run: its host has twelve seconds to come back.
  await harness.join();
  harness.record(harness.runs()[0] as RunMessage);
  expect(await reply).toMatchObject({ kind: "done" });
});

test("a run whose frame went down with the line is sent again, under the lease it has", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  harness.core.disconnected(harness.connection);
  await harness.join({ report: { epoch: 5 } });
  const [first, again] = harness.runs();
  expect(again).toEqual(first);
  harness.record(again as RunMessage);
  expect(await reply).toMatchObject({ kind: "done" });
  expect(harness.core.status()).toMatchObject({ used: 0 });
});

test("pages of an inventory are read until the last, and one of another boot or an older epoch is left alone", async () => {
  const harness = new SchedulerHarness();
  harness.core.connect(harness.connection);
  harness.hear({ t: "hello", report: reportOf() });
  await settle();
  const page = { t: "inventory" as const, running: [], more: false };
  harness.hear({ ...page, epoch: EPOCH - 1, boot: "boot-1" }, { ...page, epoch: EPOCH, boot: "boot-2" });
  harness.hear({ ...page, epoch: EPOCH, boot: "boot-1", more: true });
  expect(harness.core.status()).toMatchObject({ ready: false });
  harness.hear({ ...page, epoch: EPOCH, boot: "boot-1" });
  expect(harness.core.status()).toMatchObject({ ready: true });
});
