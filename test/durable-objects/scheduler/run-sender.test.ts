// What is sent with a run, and what becomes of runs that cannot be sent.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

test("a run whose credential takes time keeps its lease, and is not sent after its host went away", async () => {
  const world = new SchedulerHarness();
  await world.join();
  let give: (key: string) => void = () => {};
  world.credential = () =>
    new Promise((resolve) => {
      give = resolve;
    });
  const call = callOf({ credential: "activation" });
  const reply = world.core.invoke(call, { waitMs: 60_000 });
  await settle();
  expect(world.core.holds([call.id]).held).toEqual([call.id]);
  world.core.disconnected(world.connection);
  expect(await reply).toMatchObject({ kind: "not-ready" });
  give("late");
  await settle();
  expect(world.runs()).toEqual([]);
  expect(world.core.status()).toMatchObject({ used: 0 });
});

test("a minted credential serves the runs of the next half minute", async () => {
  const world = new SchedulerHarness();
  await world.join();
  let made = 0;
  world.credential = async () => `key-${++made}`;
  for (let at = 0; at < 3; at++) {
    const reply = world.core.invoke(callOf({ credential: "activation" }), { waitMs: 60_000 });
    await settle();
    world.record(world.runs().at(-1)!);
    await reply;
    await world.clock.advance(20_000);
    world.pinged = world.clock.at;
  }
  expect(world.runs().map((run) => run.key)).toEqual(["key-1", "key-1", "key-2"]);
});

test("an action too large for a frame ends with an error that says so", async () => {
  const world = new SchedulerHarness();
  await world.join();
  const call = callOf({ initEnv: { BIG: "x".repeat(300_000) } });
  const reply = await world.core.invoke(call, { waitMs: 60_000 });
  expect(reply).toMatchObject({ kind: "done", completion: { statusCode: 3 } });
  expect(world.core.status()).toMatchObject({ used: 0 });
});
