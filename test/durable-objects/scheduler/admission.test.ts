// What is taken of what stores offer, and what is not.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

const PYTHON = { kind: "python:3.12", binary: false };

test("what does not fit is declined, and pulled when memory frees", async () => {
  const world = new SchedulerHarness();
  await world.join({ report: { memory: 256 } });
  const [first, second] = [callOf(), callOf()];
  const offers = [first, second].map((invocation) => ({ invocation, attempt: 1 }));
  const reply = await world.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply).toMatchObject({ epoch: 5, boot: "boot-1", accepted: [first.id], room: 0, reason: "busy" });
  await settle();
  expect(world.pulls).toEqual([]);
  world.work = [{ invocation: second, attempt: 2 }];
  world.record(world.runs()[0]!);
  await settle();
  expect(world.runs().map((run) => [run.invocation.id, run.attempt])).toEqual([
    [first.id, 1],
    [second.id, 2],
  ]);
  world.record(world.runs()[1]!);
  await settle();
  const asked = world.pulls.length;
  await world.core.offer("ns:01", [{ invocation: callOf(), attempt: 1 }], { epoch: 5 });
  world.record(world.runs()[2]!);
  await settle();
  // The store had nothing for all the memory there is: it is left alone until it offers again.
  expect(world.pulls.length).toBe(asked);
});

test("an offer marked for another epoch is not taken, whatever the clocks say: its store marks it anew", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const offer = { invocation: callOf(), attempt: 1 };
  const stale = { accepted: [], reason: "stale", epoch: 5, boot: "boot-1" };
  expect(await world.core.offer("ns:01", [offer], { epoch: 4 })).toMatchObject(stale);
  await settle();
  expect(world.runs()).toEqual([]);
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
});

test("what a store was told is not here is not taken here, however late its offer comes; a later attempt is", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const offer = { invocation: callOf(), attempt: 2 };
  expect(world.core.holds([offer.invocation.id], [2]).held).toEqual([]);
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [], reason: "not-ready" });
  const again = { ...offer, attempt: 3 };
  expect(await world.core.offer("ns:01", [again], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
  const call = callOf();
  world.core.holds([call.id], [1]);
  expect(await world.core.invoke(call, { waitMs: 1_000 })).toMatchObject({ kind: "not-ready" });
});

test("stores are asked for what this host can run, and nothing else is taken", async () => {
  const world = new SchedulerHarness();
  world.waiting = ["ns:01"];
  await world.join({ report: { labels: ["gpu"] } });
  const host = { memory: 1024, runtimes: [{ kind: "nodejs:20" }], blackbox: false, labels: ["gpu"] };
  expect(world.pulls).toEqual([{ memory: 1024, host }]);
  const python = { invocation: callOf({ exec: PYTHON }), attempt: 1 };
  const node = { invocation: callOf(), attempt: 1 };
  const reply = await world.core.offer("ns:01", [python, node], { epoch: 5 });
  expect(reply).toMatchObject({ accepted: [node.invocation.id], reason: "unsuited" });
});

test("offering a running activation again starts nothing", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const offer = { invocation: callOf(), attempt: 1 };
  await world.core.offer("ns:01", [offer], { epoch: 5 });
  expect(await world.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({
    accepted: [offer.invocation.id],
  });
  expect(await world.core.offer("ns:01", [{ ...offer, attempt: 2 }], { epoch: 5 })).toMatchObject({
    accepted: [],
  });
  await settle();
  expect(world.runs().length).toBe(1);
});

test("a host that refuses for want of room again and again is given something ever more rarely", async () => {
  const world = new SchedulerHarness();
  world.waiting = ["ns:01"];
  let attempt = 0;
  const call = callOf();
  world.bring = async () => [{ invocation: call, attempt: ++attempt }];
  await world.join();
  for (let at = 0; at < 60_000; at += 50) {
    world.pinged = world.clock.at;
    const run = world.runs().at(-1);
    if (run !== undefined && world.core.holds([call.id]).held.length > 0) {
      world.hear({ t: "refused", id: call.id, attempt: run.attempt, lease: run.lease, reason: "busy" });
    }
    await world.clock.advance(50);
  }
  expect(world.runs().length).toBeGreaterThan(5);
  expect(world.runs().length).toBeLessThan(15);
});
