// What a Schedule object has prepared before its slots, on a clock that the test moves.

import { expect, test } from "vitest";
import type { Shortage } from "../../../src/entities/schedule.ts";
import { START } from "../calls.ts";
import { settle } from "../clock.ts";
import { scheduleWorld } from "./world.ts";

const SHORT: Shortage = { function: "ns/a", wanted: 256, have: 12, reason: "the host's memory is taken" };

const once = (ms: number) => ({ kind: "once" as const, date: START + ms });

test("so many seconds before it fires, once, all of that time together", async () => {
  const { advance, said, put } = scheduleWorld();
  await put("a", once(60_000));
  await put("b", once(61_000));
  await put("c", once(60_000));
  await advance(70_000);
  expect(said.slice(0, 2)).toEqual([
    [55_000, "prepared", "a", "c"],
    [56_000, "prepared", "b"],
  ]);
  // Two of the same moment go their own ways: their ids are digests, of which either may come first.
  expect(said.slice(2).toSorted()).toEqual([
    [60_000, "fired", "a"],
    [60_000, "fired", "c"],
    [61_000, "fired", "b"],
  ]);
});

test("what fires sooner than that is prepared at once, and what comes often is warm by itself", async () => {
  const { advance, said, put } = scheduleWorld();
  await put("soon", once(2_000));
  await put("often", { kind: "interval", minutes: 0.5, startDate: START + 30_000 });
  await put("rare", { kind: "interval", minutes: 5, startDate: START + 40_000 });
  await advance(700_000);
  const prepared = said.filter(([, what]) => what === "prepared");
  expect(prepared).toEqual([
    [0, "prepared", "soon"],
    [25_000, "prepared", "often"],
    [35_000, "prepared", "rare"],
    [335_000, "prepared", "rare"],
    [635_000, "prepared", "rare"],
  ]);
});

test("where there is no room log, history and metrics say so, and it fires all the same", async () => {
  const { advance, core, counts, said, events, put, preparing } = scheduleWorld();
  preparing(async () => [[SHORT]]);
  await put("a", once(60_000));
  await advance(70_000);
  expect(said.at(-1)).toEqual([60_000, "fired", "a"]);
  expect(events).toEqual([{ trigger: "a", slot: START + 60_000, ...SHORT }]);
  expect(counts).toEqual({ edgewhisk_schedule_unprepared_total: 1, edgewhisk_schedule_lateness_seconds: 1 });
  const found = core.find("a");
  expect(found.kind === "found" && found.view.notes).toMatchObject([
    { outcome: "fired" },
    { outcome: "unprepared", slot: START + 60_000, at: START + 55_000, text: SHORT.reason, shortage: SHORT },
  ]);
});

test("no fire waits for it, whether it fails, hangs, or is answered when its schedule is another", async () => {
  const { advance, core, said, events, put, preparing } = scheduleWorld();
  let answer = (_: Shortage[][]) => {};
  preparing(() => Promise.reject(new Error("away")));
  await put("failing", once(60_000));
  await advance(57_000);
  preparing(() => new Promise((resolve) => (answer = resolve)));
  await put("hanging", once(63_000));
  await advance(10_000);
  const fired = said.filter(([, what]) => what === "fired").map(([at]) => at);
  expect(fired).toEqual([60_000, 63_000]);
  core.remove("hanging");
  await put("hanging", once(600_000));
  answer([[SHORT]]);
  await settle();
  expect(events).toEqual([]);
  const found = core.find("hanging");
  expect(found.kind === "found" && found.view.notes).toEqual([]);
});

test("many at once are asked for up to a bound; another incarnation asks again; paused and switched off, nothing is", async () => {
  const { advance, core, said, put, database } = scheduleWorld();
  for (let count = 0; count < 200; count++) await put(`t${String(count).padStart(3, "0")}`, once(60_000));
  await advance(56_000);
  expect(said.map(([at, what, ...names]) => [at, what, names.length])).toEqual([[55_000, "prepared", 128]]);
  const next = scheduleWorld({ database });
  await next.advance(57_000);
  expect(next.said.map(([at, what]) => [at, what])).toEqual([[55_000, "prepared"]]);
  const off = scheduleWorld({ aheadMs: 0, database });
  await off.advance(57_000);
  expect(off.said).toEqual([]);
  const paused = scheduleWorld();
  await paused.put("a", once(60_000));
  paused.core.pause("a", true);
  await paused.advance(70_000);
  expect(paused.said).toEqual([]);
  core.remove("t000");
});
