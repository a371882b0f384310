// What is sent with a run, and what becomes of runs that cannot be sent.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("a run whose credential takes time keeps its lease, and is not sent after its host went away", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  let give: (key: string) => void = () => {};
  harness.credential = () =>
    new Promise((resolve) => {
      give = resolve;
    });
  const call = callOf({ credential: "activation" });
  const reply = harness.core.invoke(call, { waitMs: 60_000 });
  await settle();
  expect(harness.core.holds([call.id]).held).toEqual([call.id]);
  harness.core.disconnected(harness.connection);
  expect(await reply).toMatchObject({ kind: "not-ready" });
  give("late");
  await settle();
  expect(harness.runs()).toEqual([]);
  expect(harness.core.status()).toMatchObject({ used: 0 });
});

test("a minted credential serves the runs of the next half minute", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  let made = 0;
  harness.credential = async () => `key-${++made}`;
  for (let at = 0; at < 3; at++) {
    const reply = harness.core.invoke(callOf({ credential: "activation" }), { waitMs: 60_000 });
    await settle();
    harness.record(harness.runs().at(-1)!);
    await reply;
    await harness.clock.advance(20_000);
    harness.pinged = harness.clock.at;
  }
  expect(harness.runs().map((run) => run.key)).toEqual(["key-1", "key-1", "key-2"]);
});

test("an action too large for a frame ends with an error that says so", async () => {
  const harness = new SchedulerHarness();
  await harness.join();
  const call = callOf({ initEnv: { BIG: "x".repeat(300_000) } });
  const reply = await harness.core.invoke(call, { waitMs: 60_000 });
  expect(reply).toMatchObject({ kind: "done", completion: { statusCode: 3 } });
  expect(harness.core.status()).toMatchObject({ used: 0 });
});
