// A Schedule object over the days on which calendars are not as on others, and over a time in which nobody was there.

import { expect, test } from "vitest";
import { scheduleWorld } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const berlin = (cron: string) => ({ kind: "alarm" as const, cron, timezone: "Europe/Berlin" });
const at = (date: string) => Date.parse(date);
const iso = (slots: readonly number[]) => slots.map((slot) => new Date(slot).toISOString());

test("in spring what daylight saving leaves out fires when the gap is over, and intervals go on by the clock", async () => {
  const start = at("2027-03-28T00:10:00Z");
  const daily = scheduleWorld({ start });
  await daily.put("daily", berlin("30 2 * * *"));
  await daily.advance(25 * HOUR, 10 * MINUTE);
  // 02:30 is not that day: 03:00 summer time. The next day it is there again.
  expect(iso(daily.slots)).toEqual(["2027-03-28T01:00:00.000Z", "2027-03-29T00:30:00.000Z"]);
  const often = scheduleWorld({ start });
  await often.put("often", berlin("*/20 * * * *"));
  await often.advance(2 * HOUR, 10 * MINUTE);
  expect(iso(often.slots)).toEqual([
    "2027-03-28T00:20:00.000Z",
    "2027-03-28T00:40:00.000Z",
    "2027-03-28T01:00:00.000Z",
    "2027-03-28T01:20:00.000Z",
    "2027-03-28T01:40:00.000Z",
    "2027-03-28T02:00:00.000Z",
  ]);
});

test("in autumn what comes twice fires once, and intervals go on by the clock", async () => {
  const start = at("2027-10-30T23:50:00Z");
  const daily = scheduleWorld({ start });
  await daily.put("daily", berlin("30 2 * * *"));
  await daily.advance(26 * HOUR, 10 * MINUTE);
  expect(iso(daily.slots)).toEqual(["2027-10-31T00:30:00.000Z", "2027-11-01T01:30:00.000Z"]);
  const often = scheduleWorld({ start });
  await often.put("often", berlin("0,30 * * * *"));
  await often.advance(2 * HOUR, 10 * MINUTE);
  expect(often.slots.length).toBe(4);
  expect(often.slots.map((slot) => slot - start)).toEqual([10, 40, 70, 100].map((minutes) => minutes * MINUTE));
});

test("the 29th of February fires in leap years alone", async () => {
  const world = scheduleWorld({ start: at("2028-02-28T22:00:00Z") });
  await world.put("leap", { kind: "alarm", cron: "0 0 29 2 *" });
  await world.advance(3 * HOUR, 10 * MINUTE);
  expect(iso(world.slots)).toEqual(["2028-02-29T00:00:00.000Z"]);
  const found = world.core.find("leap");
  expect(found.kind === "found" && iso(found.view.next.slice(0, 1))).toEqual(["2032-02-29T00:00:00.000Z"]);
});

test("slots that passed while nobody was there are dropped, stood for by one, or made up for, as the alarm says", async () => {
  const start = at("2027-03-27T23:30:00Z");
  for (const [misfire, expected] of [
    ["skip", []],
    ["once", ["2027-03-28T04:00:00.000Z"]],
    ["all", [0, 1, 2, 3, 4].map((hour) => `2027-03-28T0${hour}:00:00.000Z`)],
  ] as const) {
    const before = scheduleWorld({ start });
    // Each hour, over the night in which there is one less.
    await before.put("hourly", berlin("0 * * * *"), { misfire });
    const after = scheduleWorld({ start: at("2027-03-28T04:20:00Z"), database: before.database });
    after.given.add("hourly");
    after.core.wake();
    await after.advance(30 * MINUTE, MINUTE);
    expect([misfire, iso(after.slots)]).toEqual([misfire, expected]);
    const found = after.core.find("hourly");
    expect(found.kind === "found" && iso(found.view.next.slice(0, 1))).toEqual(["2027-03-28T05:00:00.000Z"]);
    // Whoever comes next fires none of them again.
    const third = scheduleWorld({ start: at("2027-03-28T04:50:00Z"), database: before.database });
    third.given.add("hourly");
    third.core.wake();
    await third.advance(5 * MINUTE, MINUTE);
    expect(third.slots).toEqual([]);
  }
});
