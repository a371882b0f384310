// The opening of a host, its epochs, and who may have its line.

import { expect, test } from "vitest";
import { HostSession } from "../../../durable-objects/scheduler/host-session.ts";
import type { SchedulerMemory } from "../../../durable-objects/scheduler/ports.ts";
import type { SchedulerMessage } from "../../../src/protocol/messages.ts";
import type { RosterEntry } from "../../../src/protocol/rpc.ts";
import { callOf, reportOf, START } from "../calls.ts";
import { Clock, settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("an incarnation's epoch is higher than its own last one and than the host's", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  expect(harness.welcomed()).toBe(5);
  await harness.join({ report: { boot: "boot-2", epoch: 9 } });
  expect(harness.welcomed()).toBe(10);
  await harness.join({ report: { boot: "boot-2", epoch: 10 } });
  expect(harness.welcomed()).toBe(10);
  harness.evict(reportOf({ boot: "boot-2", epoch: 10 }));
  await settle();
  expect([harness.welcomed(), harness.memory.epoch]).toEqual([11, 11]);
});

test("nothing is admitted before the inventory's last page, and a call waits a moment for it", async () => {
  const harness = new SchedulerHarness();
  harness.core.connect(harness.connection);
  harness.hear({ t: "hello", report: reportOf() });
  const early = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await harness.clock.advance(100);
  harness.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: true });
  await harness.clock.advance(200);
  expect(await early).toMatchObject({ kind: "not-ready" });
  expect(harness.runs()).toEqual([]);
  const late = harness.core.invoke(callOf(), { waitMs: 60_000 });
  harness.hear({ t: "inventory", epoch: 5, boot: "boot-1", running: [], more: false });
  await settle();
  harness.record(harness.runs()[0]!);
  expect(await late).toMatchObject({ kind: "done" });
});

test("a host that has seen a higher epoch makes this incarnation take one above it", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const reply = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [run] = harness.runs();
  harness.memory.epoch = 8;
  harness.hear({ t: "refused", id: run!.invocation.id, attempt: 1, lease: run!.lease, reason: "stale" });
  expect(await reply).toMatchObject({ kind: "not-ready" });
  await settle();
  expect(harness.welcomed()).toBe(9);
});

test("another process of the host is kept out while this one gives signs of life, and let in when it does not", async () => {
  const harness = new SchedulerHarness();
  expect(harness.core.occupied("boot-2")).toBeUndefined();
  await harness.join({ report: { boot: "boot-1" } });
  expect(harness.core.occupied("boot-1")).toBeUndefined();
  harness.pinged = harness.clock.at + 5_000;
  await harness.clock.advance(16_000);
  expect(harness.core.occupied("boot-2")).toMatch(/gave a sign of life 11 s ago/);
  await harness.clock.advance(2_000);
  expect(harness.core.occupied("boot-2")).toBeUndefined();
  harness.evict(reportOf({ boot: "boot-1" }));
  expect(harness.core.occupied("boot-2")).toMatch(/another process/);
  harness.core.disconnected(harness.connection);
  expect(harness.core.occupied("boot-2")).toBeUndefined();
});

test("one that was asleep says that it is ready, once its host has been heard again", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  harness.evict(reportOf());
  await settle();
  expect(harness.core.status()).toMatchObject({ connected: true, ready: false });
  const awake = harness.core.awake();
  harness.hear({ t: "inventory", epoch: harness.welcomed(), boot: "boot-1", running: [], more: false });
  await awake;
  expect(harness.core.status()).toMatchObject({ connected: true, ready: true });
  await harness.core.awake();
});

function open(options: { memory?: Partial<ReturnType<SchedulerMemory["load"]>> } = {}) {
  const clock = new Clock();
  const memory: ReturnType<SchedulerMemory["load"]> = { epoch: 4, draining: false, provenSince: 0, ...options.memory };
  const entries: RosterEntry[] = [];
  const warnings: string[] = [];
  const sent: SchedulerMessage[] = [];
  const state = { inventories: 0, superseded: false, pingedAt: 0 };
  const session = new HostSession("h/0", {
    ports: {
      now: clock.now,
      after: clock.after,
      memory: {
        load: () => {
          if (state.superseded) throw new Error("this incarnation was superseded");
          return { ...memory };
        },
        saveEpoch: (epoch) => {
          memory.epoch = epoch;
        },
        saveProvenSince: (at) => {
          memory.provenSince = at;
        },
        saveDraining: (on) => {
          memory.draining = on;
        },
      },
      warn: (text) => warnings.push(text),
    },
    events: { announce: (entry) => entries.push(entry), inventoryBegins: () => state.inventories++ },
  });
  const connection = {
    send: (frame: string) => sent.push(...(JSON.parse(frame) as SchedulerMessage[])),
    close: () => {},
    pinged: () => state.pingedAt,
  };
  return { clock, memory, entries, warnings, sent, state, session, connection };
}

function inventoryOf(epoch: number, boot = "boot-1") {
  return { t: "inventory" as const, epoch, boot, running: [], more: false };
}

test.each([
  ["is another host's", { host: "g" }, "this line is for h/0"],
  ["is another shard's", { shard: 1 }, "this line is for h/0"],
  ["comes from an epoch that never was", { epoch: 2_000_000 }, "no scheduler has ever had this epoch"],
])("a hello that %s is not believed", (_, changes, reason) => {
  const { session, connection, memory } = open();
  session.connect(connection, {});
  expect(session.hello(reportOf(changes))).toBe(reason);
  expect([memory.epoch, session.isGreeting]).toEqual([4, true]);
});

test("hello is said once on a line", () => {
  const { session, connection } = open();
  session.connect(connection, {});
  expect(session.hello(reportOf())).toBeUndefined();
  expect(session.hello(reportOf())).toBe("hello is said once on a line");
});

test("a host may be ahead of us a few times on one line, not again and again", () => {
  const { session, connection, memory } = open();
  session.connect(connection, {});
  session.hello(reportOf());
  const answers = Array.from({ length: 6 }, () => session.leap(session.epoch + 1));
  expect(answers).toEqual([...Array.from({ length: 5 }, () => undefined), "no scheduler has ever had this epoch"]);
  expect(memory.epoch).toBe(15);
  expect(session.leap(memory.epoch + 1_000_001)).toBe("no scheduler has ever had this epoch");
  session.connect(connection, {});
  session.hello(reportOf({ epoch: 15 }));
  expect(session.leap(session.epoch + 1)).toBeUndefined();
});

test("an inventory is awaited of the boot and epoch that were welcomed, once", () => {
  const { session, connection, state } = open();
  session.connect(connection, {});
  expect(session.awaits(inventoryOf(5))).toBe(false);
  session.hello(reportOf());
  expect(
    [inventoryOf(4), inventoryOf(5, "boot-2"), inventoryOf(5), inventoryOf(6)].map((page) => session.awaits(page)),
  ).toEqual([false, false, true, true]);
  session.ready();
  expect([session.awaits(inventoryOf(5)), session.isReady, state.inventories]).toEqual([false, true, 1]);
});

test("kept records are expected for three seconds after the inventory, longer while they come, fifteen at most", async () => {
  const { clock, session, connection } = open();
  session.connect(connection, {});
  session.hello(reportOf());
  await clock.advance(60_000);
  expect(session.isSettled()).toBe(false);
  session.ready();
  await clock.advance(2_999);
  expect(session.isSettled()).toBe(false);
  session.recorded();
  await clock.advance(999);
  expect(session.isSettled()).toBe(false);
  await clock.advance(1);
  expect(session.isSettled()).toBe(true);
  for (let at = 3_999; at < 15_000; at += 500) {
    session.recorded();
    expect(session.isSettled()).toBe(false);
    await clock.advance(500);
  }
  session.recorded();
  expect(session.isSettled()).toBe(true);
});

test("a host with a new boot was restarted, until its inventory is complete", () => {
  const { session, connection } = open();
  const join = (boot: string) => {
    session.connect(connection, {});
    session.hello(reportOf({ boot, epoch: session.epoch }));
    return session.rebooted;
  };
  expect(join("boot-1")).toBe(false);
  session.ready();
  expect([join("boot-2"), join("boot-2")]).toEqual([true, true]);
  session.ready();
  expect(session.rebooted).toBe(false);
});

test("why nothing is admitted is said in words for callers", () => {
  const { session, connection } = open({ memory: { draining: true } });
  session.connect(connection, {});
  session.hello(reportOf());
  expect(session.closed()).toBe("the host's inventory has not come yet");
  session.ready();
  expect(session.closed()).toBe("the host is draining");
  session.drain(false);
  expect(session.closed()).toBeUndefined();
  session.health({ t: "health", memory: 512, unhealthy: "disk" });
  expect(session.closed()).toMatch(/^the host is unhealthy: /);
  session.health({ t: "health", memory: 512 });
  expect([session.closed(), session.report?.memory]).toEqual([undefined, 512]);
});

test("the drain flag is written each time, and told only when it changes", () => {
  const { session, connection, memory, entries } = open();
  session.connect(connection, {});
  session.hello(reportOf());
  memory.draining = true;
  expect([session.drain(false), memory.draining, entries.length]).toEqual([false, false, 0]);
  expect([session.drain(true), memory.draining]).toEqual([true, true]);
  expect(entries).toMatchObject([{ draining: true }]);
});

test("a call waits for the end of the opening, whichever it is, and no longer than it said", async () => {
  const { clock, session, connection } = open();
  expect(session.opening()).toBe(false);
  session.connect(connection, {});
  session.hello(reportOf());
  expect(session.opening()).toBe(true);
  const done: string[] = [];
  void session.opened(100).then(() => done.push("short"));
  void session.opened(10_000).then(() => done.push("ready"));
  await clock.advance(100);
  expect(done).toEqual(["short"]);
  session.ready();
  await clock.advance(0);
  expect([done, session.opening(), clock.timers]).toEqual([["short", "ready"], false, 0]);
  session.connect(connection, {});
  void session.opened(10_000).then(() => done.push("gone"));
  session.detach();
  session.gone();
  await clock.advance(0);
  expect(done).toEqual(["short", "ready", "gone"]);
  // A host that gives no sign of life is not waited for.
  session.connect(connection, {});
  await clock.advance(12_000);
  expect(session.opening()).toBe(false);
});

test("what an earlier version granted carries no proof: since when leases are proofs is settled once", () => {
  const fresh = open({ memory: { epoch: 0, provenSince: 0 } });
  expect(fresh.session.provenSince).toBe(0);
  const old = open();
  delete old.memory.provenSince;
  const first = open({ memory: { epoch: 0 } });
  delete first.memory.provenSince;
  for (const { session, connection } of [old, first]) {
    session.connect(connection, {});
    session.hello(reportOf());
  }
  expect([old.memory.provenSince, old.session.provenSince]).toEqual([START, START]);
  expect([first.memory.provenSince, first.session.provenSince]).toEqual([0, 0]);
});

test("that no host was ever seen is said once, and not by an incarnation that was superseded", () => {
  const { session, entries, state, warnings } = open();
  session.absent();
  session.absent();
  expect(entries).toMatchObject([{ connected: false, host: "h", epoch: 4 }]);
  const other = open();
  other.state.superseded = true;
  other.session.absent();
  expect([other.entries, other.warnings.length, state.inventories, warnings]).toEqual([[], 1, 0, []]);
});

test("a host below the platform's security floor takes nothing, and its operator is told what it lacks", async () => {
  const harness = new SchedulerHarness();
  harness.securityFloor = "confined";
  harness.evict();
  const security = {
    ...{ level: "containers" as const, engine: "docker 27", cgroup: 2, seccomp: true, firewall: false },
    ...{ userNamespaces: false, diskQuota: false, lacks: ["confined: a firewall"] },
  };
  await harness.join({ report: { security } });
  expect(await harness.core.invoke(callOf(), { waitMs: 100 })).toMatchObject({ kind: "not-ready" });
  expect(harness.entries.at(-1)?.unhealthy).toBe(
    'its security level is "containers", and this platform asks for "confined" (HOST_SECURITY_FLOOR); it lacks: confined: a firewall',
  );
  await harness.join({ report: { boot: "boot-2", security: { ...security, level: "strict", lacks: [] } } });
  await harness.clock.advance(1_000);
  expect(harness.entries.at(-1)).not.toHaveProperty("unhealthy");
  const reply = harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  harness.record(harness.runs()[0]!);
  expect(await reply).toMatchObject({ kind: "done" });
});
