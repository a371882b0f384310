// Which containers of a host run nothing: the host is asked while somebody looks, and whoever looks is answered.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { settle } from "../clock.ts";
import { SchedulerHarness } from "./harness.ts";

const IDLE = { runtime: "nodejs:20", memory: 256, containers: 2, paused: 1, idleMs: 5_000 };

async function open(report: object = { lists: true }) {
  const harness = new SchedulerHarness();
  await harness.join({ report: { memory: 1024, ...report } });
  const asked = () => harness.sent.filter((each) => each.t === "list");
  return { harness, asked, look: () => harness.core.busy({ idle: true }) };
}

test("each question has its own answer, beside what runs", async () => {
  const { harness, asked, look } = await open();
  void harness.core.invoke(callOf(), { waitMs: 60_000 });
  const [one, two] = [look(), look()];
  await settle();
  expect(asked()).toEqual([
    { t: "list", ask: 1 },
    { t: "list", ask: 2 },
  ]);
  harness.hear({ t: "listed", ask: 2, idle: [], more: false });
  harness.hear({ t: "listed", ask: 1, idle: [IDLE], more: true }, { t: "listed", ask: 9, idle: [], more: false });
  expect((await two).idle).toEqual({ items: [], more: false });
  expect(await one).toMatchObject({ items: [{ running: 1 }], more: false, idle: { items: [IDLE], more: true } });
});

test("nobody is asked where nobody wants to know, by a host of an earlier release, or where none is there", async () => {
  const { harness, asked } = await open();
  expect(await harness.core.busy()).toEqual({ items: [], more: false });
  expect(asked()).toEqual([]);
  const old = await open({});
  expect(await old.look()).toEqual({ items: [], more: false });
  const alone = new SchedulerHarness();
  expect(await alone.core.busy({ idle: true })).toEqual({ items: [], more: false });
});

test("a host that is silent or goes away leaves nobody waiting, and only so many are asked at once", async () => {
  const { harness, asked, look } = await open();
  const silent = look();
  await settle();
  await harness.clock.advance(2_500);
  expect((await silent).idle).toBeUndefined();
  const cut = Array.from({ length: 20 }, look);
  await settle();
  expect(asked().length).toBe(17);
  harness.core.disconnected(harness.connection);
  expect((await Promise.all(cut)).every(({ idle }) => idle === undefined)).toBe(true);
});
