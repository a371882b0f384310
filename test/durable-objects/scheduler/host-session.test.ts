// The opening of a host, its epochs, and who may have its line.

import { expect, test } from "vitest";
import { callOf, reportOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("an incarnation's epoch is higher than its own last one and than the host's", async () => {
  const world = new SchedulerHarness();
  await world.join();
  expect(world.welcomed()).toBe(5);
  await world.join({ report: { boot: "boot-2", epoch: 9 } });
  expect(world.welcomed()).toBe(10);
  await world.join({ report: { boot: "boot-2", epoch: 10 } });
  expect(world.welcomed()).toBe(10);
  world.evict(reportOf({ boot: "boot-2", epoch: 10 }));
  await settle();
  expect([world.welcomed(), world.memory.epoch]).toEqual([11, 11]);
});

test("nothing is admitted before the inventory's last page, and a call waits a moment for it", async () => {
  const world = new SchedulerHarness();
  world.core.connect(world.connection);
  world.hear({ t: "hello", report: reportOf() });
  const early = world.core.invoke(callOf(), { waitMs: 60_000 });
  await world.clock.advance(100);
  world.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: true });
  await world.clock.advance(200);
  expect(await early).toMatchObject({ kind: "not-ready" });
  expect(world.runs()).toEqual([]);
  const late = world.core.invoke(callOf(), { waitMs: 60_000 });
  world.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: false });
  await settle();
  world.record(world.runs()[0]!);
  expect(await late).toMatchObject({ kind: "done" });
});

test("a host that has seen a higher epoch makes this incarnation take one above it", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const reply = world.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [run] = world.runs();
  world.memory.epoch = 8;
  world.hear({ t: "refused", id: run!.invocation.id, attempt: 1, lease: run!.lease, reason: "stale" });
  expect(await reply).toMatchObject({ kind: "not-ready" });
  await settle();
  expect(world.welcomed()).toBe(9);
});

test("another process of the host is kept out while this one gives signs of life, and let in when it does not", async () => {
  const world = new SchedulerHarness();
  expect(world.core.occupied("boot-2")).toBeUndefined();
  await world.join({ report: { boot: "boot-1" } });
  expect(world.core.occupied("boot-1")).toBeUndefined();
  world.pinged = world.clock.at + 5_000;
  await world.clock.advance(16_000);
  expect(world.core.occupied("boot-2")).toMatch(/gave a sign of life 11 s ago/);
  await world.clock.advance(2_000);
  expect(world.core.occupied("boot-2")).toBeUndefined();
  world.evict(reportOf({ boot: "boot-1" }));
  expect(world.core.occupied("boot-2")).toMatch(/another process/);
  world.core.disconnected(world.connection);
  expect(world.core.occupied("boot-2")).toBeUndefined();
});

test("one that was asleep says that it is ready, once its host has been heard again", async () => {
  const world = new SchedulerHarness();
  await world.join();
  world.evict(reportOf());
  await settle();
  expect(world.core.status()).toMatchObject({ connected: true, ready: false });
  const awake = world.core.awake();
  world.hear({ t: "inventory", epoch: world.welcomed(), boot: "boot-1", running: [], more: false });
  await awake;
  expect(world.core.status()).toMatchObject({ connected: true, ready: true });
  await world.core.awake();
});
