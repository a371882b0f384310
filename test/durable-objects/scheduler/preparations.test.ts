// Containers made ahead of calls: the host is asked where there may be room, and everybody is answered.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { EPOCH, SchedulerHarness } from "./harness.ts";

async function open(report: object = {}) {
  const harness = new SchedulerHarness();
  await harness.join({ report: { prepares: true, memory: 1024, ...report } });
  const prepare = (call = callOf()) => harness.core.prepare(call, { waitMs: 5_000 });
  const asked = () => harness.sent.filter((each) => each.t === "prepare");
  return { harness, prepare, asked };
}

test("the host is asked, with a credential and signed keys, and each is given its own answer", async () => {
  const { harness, prepare, asked } = await open();
  const code = { key: "code/x", hash: "x", size: 1 };
  const call = callOf({ credential: "activation", exec: { kind: "nodejs:20", binary: false, code } });
  const one = prepare(call);
  await settle();
  const two = prepare();
  await settle();
  expect(asked()).toMatchObject([
    { t: "prepare", epoch: EPOCH, ask: 1, wait: 5_000, key: "key", invocation: { id: call.id } },
    { t: "prepare", epoch: EPOCH, ask: 2 },
  ]);
  expect(JSON.stringify(asked()[0])).not.toContain('"code/x"');
  harness.hear({ t: "prepared", ask: 2, have: 100, reason: "the host's memory is taken" });
  harness.hear({ t: "prepared", ask: 1 }, { t: "prepared", ask: 7 });
  expect([await one, await two]).toEqual([
    { kind: "there" },
    { kind: "absent", have: 100, reason: "the host's memory is taken" },
  ]);
  // It holds nothing.
  expect(harness.core.status()).toMatchObject({ used: 0, running: 0 });
});

test("what runs has the memory: then, and of what the host cannot run, it is not asked", async () => {
  const { harness, prepare, asked } = await open();
  for (let count = 0; count < 3; count++) void harness.core.invoke(callOf(), { waitMs: 60_000 });
  await settle();
  const large = callOf({ about: { limits: { timeout: 1_000, memory: 512, logs: 1, concurrency: 1 } } });
  expect(await prepare(large)).toEqual({ kind: "absent", have: 256, reason: "what runs or waits has the memory" });
  const odd = callOf({ exec: { kind: "cobol", binary: false } });
  expect(await prepare(odd)).toMatchObject({ kind: "absent", reason: "the host has no runtime for cobol" });
  expect(asked()).toEqual([]);
});

test("a host that does not answer, goes away, is not there or knows no such question leaves nobody waiting", async () => {
  const { harness, prepare } = await open();
  const silent = prepare();
  await settle();
  await harness.clock.advance(16_000);
  expect(await silent).toMatchObject({ kind: "absent", reason: "its host did not answer in time" });
  await harness.join({ report: { prepares: true, memory: 1024 } });
  const cut = prepare();
  await settle();
  harness.core.disconnected(harness.connection);
  expect(await cut).toMatchObject({ kind: "absent", reason: "its host went away" });
  expect(await prepare()).toMatchObject({ kind: "absent", reason: "no host is connected" });
  const old = new SchedulerHarness();
  await old.join();
  expect(await old.core.prepare(callOf(), { waitMs: 0 })).toMatchObject({ reason: "its host prepares nothing" });
  const keyless = await open();
  keyless.harness.credential = () => Promise.reject(new Error("no secret"));
  expect(await keyless.prepare(callOf({ credential: "activation" }))).toMatchObject({
    reason: "it could not be sent to its host",
  });
});

test("only so many wait at once", async () => {
  const { harness, prepare, asked } = await open();
  const waiting = Array.from({ length: 80 }, () => prepare());
  await settle();
  expect(asked().length).toBe(64);
  harness.core.disconnected(harness.connection);
  const reasons = (await Promise.all(waiting)).map((each) => (each.kind === "absent" ? each.reason : ""));
  expect(reasons.filter((each) => each === "too many are prepared at once").length).toBe(16);
});
