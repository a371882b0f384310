// What is taken of what stores offer, and what is not.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

const PYTHON = { kind: "python:3.12", binary: false };

test("what does not fit is declined, and pulled when memory frees", async () => {
  const harness = new SchedulerHarness();
  await harness.join({ report: { memory: 256 } });
  const [first, second] = [callOf(), callOf()];
  const offers = [first, second].map((invocation) => ({ invocation, attempt: 1 }));
  const reply = await harness.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply).toMatchObject({ epoch: 5, boot: "boot-1", accepted: [first.id], room: 0, reason: "busy" });
  await settle();
  expect(harness.pulls).toEqual([]);
  harness.work = [{ invocation: second, attempt: 2 }];
  harness.record(harness.runs()[0]!);
  await settle();
  expect(harness.runs().map((run) => [run.invocation.id, run.attempt])).toEqual([
    [first.id, 1],
    [second.id, 2],
  ]);
  harness.record(harness.runs()[1]!);
  await settle();
  const asked = harness.pulls.length;
  await harness.core.offer("ns:01", [{ invocation: callOf(), attempt: 1 }], { epoch: 5 });
  harness.record(harness.runs()[2]!);
  await settle();
  // The store had nothing for all the memory there is: it is left alone until it offers again.
  expect(harness.pulls.length).toBe(asked);
});

test("an offer marked for another epoch is not taken, whatever the clocks say: its store marks it anew", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const offer = { invocation: callOf(), attempt: 1 };
  const stale = { accepted: [], reason: "stale", epoch: 5, boot: "boot-1" };
  expect(await harness.core.offer("ns:01", [offer], { epoch: 4 })).toMatchObject(stale);
  await settle();
  expect(harness.runs()).toEqual([]);
  expect(await harness.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
});

test("what a store was told is not here is not taken here, however late its offer comes; a later attempt is", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const offer = { invocation: callOf(), attempt: 2 };
  expect(harness.core.holds([offer.invocation.id], [2]).held).toEqual([]);
  expect(await harness.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({ accepted: [], reason: "not-ready" });
  const again = { ...offer, attempt: 3 };
  expect(await harness.core.offer("ns:01", [again], { epoch: 5 })).toMatchObject({ accepted: [offer.invocation.id] });
  const call = callOf();
  harness.core.holds([call.id], [1]);
  expect(await harness.core.invoke(call, { waitMs: 1_000 })).toMatchObject({ kind: "not-ready" });
});

test("stores are asked for what this host can run, and nothing else is taken", async () => {
  const harness = new SchedulerHarness();
  harness.waiting = ["ns:01"];
  await harness.join({ report: { labels: ["gpu"] } });
  const host = { memory: 1024, runtimes: [{ kind: "nodejs:20" }], blackbox: false, labels: ["gpu"] };
  expect(harness.pulls).toEqual([{ memory: 1024, host }]);
  const python = { invocation: callOf({ exec: PYTHON }), attempt: 1 };
  const node = { invocation: callOf(), attempt: 1 };
  const reply = await harness.core.offer("ns:01", [python, node], { epoch: 5 });
  expect(reply).toMatchObject({ accepted: [node.invocation.id], reason: "unsuited" });
});

test("offering a running activation again starts nothing", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const offer = { invocation: callOf(), attempt: 1 };
  await harness.core.offer("ns:01", [offer], { epoch: 5 });
  expect(await harness.core.offer("ns:01", [offer], { epoch: 5 })).toMatchObject({
    accepted: [offer.invocation.id],
  });
  expect(await harness.core.offer("ns:01", [{ ...offer, attempt: 2 }], { epoch: 5 })).toMatchObject({
    accepted: [],
  });
  await settle();
  expect(harness.runs().length).toBe(1);
});

test("a host that refuses for want of room again and again is given something ever more rarely", async () => {
  const harness = new SchedulerHarness();
  harness.waiting = ["ns:01"];
  let attempt = 0;
  const call = callOf();
  harness.bring = async () => [{ invocation: call, attempt: ++attempt }];
  await harness.join();
  for (let at = 0; at < 60_000; at += 50) {
    harness.pinged = harness.clock.at;
    const run = harness.runs().at(-1);
    if (run !== undefined && harness.core.holds([call.id]).held.length > 0) {
      harness.hear({ t: "refused", id: call.id, attempt: run.attempt, lease: run.lease, reason: "busy" });
    }
    await harness.clock.advance(50);
  }
  expect(harness.runs().length).toBeGreaterThan(5);
  expect(harness.runs().length).toBeLessThan(15);
});
