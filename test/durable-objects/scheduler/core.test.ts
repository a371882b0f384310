// A scheduler as its callers and stores see it.

import { expect, test } from "vitest";
import { SchedulerCounts } from "../../../durable-objects/scheduler/scheduler-counts.ts";
import type { MetricsSender } from "../../../src/metrics/sender.ts";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("what is held is said only when inventory and kept records have come", async () => {
  const harness = new SchedulerHarness();
  const kept = callOf().id;
  await harness.join({ inventory: { kept: [{ id: kept, attempt: 1 }] } });
  expect(harness.core.holds([kept])).toMatchObject({ ready: false, held: [kept] });
  await harness.clock.advance(3_000);
  expect(harness.core.holds([kept, callOf().id])).toMatchObject({ ready: true, boot: "boot-1", held: [kept] });
});

test("each end of a run is counted once: its host's word, given up, and its host's word after that", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  void harness.core.invoke(callOf(), { waitMs: 60_000 });
  void harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const [first, second] = harness.runs();
  if (first === undefined || second === undefined) throw new Error("two runs were to be sent");
  harness.record(first);
  harness.record(first);
  expect(harness.acked).toEqual(["regular"]);
  await harness.clock.advance(12_100);
  expect(harness.acked).toEqual(["regular", "forced"]);
  const { id, about } = second.invocation;
  await harness.join({ inventory: { running: [{ id, attempt: 1, lease: second.lease, memory: 256, about }] } });
  harness.record(second);
  expect(harness.acked).toEqual(["regular", "forced", "regularAfterForced"]);
});

test("what a host became is counted when it has changed", () => {
  const told: string[] = [];
  const meter = { count: (_name: string, [state = ""]: string[]) => void told.push(state) };
  const counts = new SchedulerCounts(() => ({ meter, touch: () => undefined }) as unknown as MetricsSender);
  counts.reported({ connected: true });
  counts.reported({ connected: true });
  counts.reported({ connected: true, unhealthy: "its disk is full" });
  counts.reported({ connected: false, unhealthy: "its disk is full" });
  counts.reported({ connected: true });
  expect(told).toEqual(["up", "unhealthy", "down", "up"]);
});
