// Which stores are asked, when, and what is kept free for their answers.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

const PYTHON = { kind: "python:3.12", binary: false };

test("pulls of which nothing can be started are repeated ever more rarely, and take no memory from others", async () => {
  const world = new SchedulerHarness();
  world.waiting = ["ns:01"];
  const python = callOf({ exec: PYTHON });
  let attempt = 0;
  world.bring = async () => [{ invocation: python, attempt: ++attempt }];
  await world.join();
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      world.pinged = world.clock.at;
      await world.clock.advance(1_000);
    }
  };
  await pass(60);
  expect(world.pulls.length).toBeGreaterThan(5);
  expect(world.pulls.length).toBeLessThan(12);
  expect(world.declined).toHaveLength(world.pulls.length);
  // While one is under way, others are served.
  world.bring = () => new Promise(() => {});
  await pass(30);
  const replies = [1, 2, 3, 4].map(() => world.core.invoke(callOf(), { waitMs: 60_000 }));
  await settle();
  expect(world.runs()).toHaveLength(4);
  for (const run of world.runs()) world.record(run);
  expect((await Promise.all(replies)).map((reply) => reply.kind)).toEqual(["done", "done", "done", "done"]);
});

test("memory is kept free for what is known to wait, for three seconds at most", async () => {
  const world = new SchedulerHarness();
  await world.join({ report: { memory: 512 } });
  const offers = [1, 2, 3].map(() => ({ invocation: callOf(), attempt: 1 }));
  const reply = await world.core.offer("ns:01", offers, { epoch: 5 });
  expect(reply.accepted).toHaveLength(2);
  world.bring = () => new Promise(() => {});
  for (const run of world.runs()) world.record(run);
  await settle();
  expect(world.pulls).toHaveLength(1);
  const kinds = async () => {
    const asked = [1, 2].map(() => world.core.invoke(callOf(), { waitMs: 1 }));
    await world.clock.advance(1);
    return (await Promise.all(asked)).map((each) => each.kind);
  };
  expect(await kinds()).toEqual(["waiting", "busy"]);
  await world.clock.advance(3_000);
  world.bring = undefined;
  expect(await kinds()).toEqual(["waiting", "busy"]);
  expect(world.core.status()).toMatchObject({ used: 512 });
});
