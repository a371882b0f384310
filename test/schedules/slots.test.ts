// The instants of schedules: time zones with daylight saving in both directions, leap days, intervals, spans, jitter.

import { expect, it } from "vitest";
import type { Timing } from "../../src/entities/schedule.ts";
import { comingSlots, jitterOf, lastSlots, nextSlot, sameTiming } from "../../src/schedules/slots.ts";

const at = (iso: string): number => Date.parse(iso);
const iso = (slots: readonly number[]): string[] => slots.map((slot) => new Date(slot).toISOString());

function alarm(cron: string, more: Partial<Timing & { kind: "alarm" }> = {}): Timing {
  return { kind: "alarm", cron, ...more };
}

it.each<[string, Timing, string, string[]]>([
  ["five fields in UTC", alarm("0 9 8 * *"), "2026-01-08T09:00:00Z", ["2026-02-08T09:00:00.000Z"]],
  ["six fields", alarm("*/30 * * * * *"), "2026-01-01T00:00:29.999Z", ["2026-01-01T00:00:30.000Z"]],
  ["a word", alarm("@hourly"), "2026-01-01T00:00:00Z", ["2026-01-01T01:00:00.000Z"]],
  ["names and ranges", alarm("0 0 * * MON-FRI"), "2026-01-02T00:00:00Z", ["2026-01-05T00:00:00.000Z"]],
  ["months from 1", alarm("0 0 1 1 *"), "2026-01-01T00:00:00Z", ["2027-01-01T00:00:00.000Z"]],
  ["a leap day", alarm("0 0 29 2 *"), "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z"]],
  ["never", alarm("0 0 30 2 *"), "2026-01-01T00:00:00Z", []],
  [
    "a time that spring leaves out fires when the gap is over",
    alarm("30 2 * * *", { timezone: "America/New_York" }),
    "2026-03-07T12:00:00Z",
    ["2026-03-08T07:00:00.000Z", "2026-03-09T06:30:00.000Z"],
  ],
  [
    "a time that autumn has twice fires once",
    alarm("30 1 * * *", { timezone: "America/New_York" }),
    "2026-10-31T12:00:00Z",
    ["2026-11-01T05:30:00.000Z", "2026-11-02T06:30:00.000Z"],
  ],
  [
    "what comes at intervals goes on through autumn",
    alarm("*/30 * * * *", { timezone: "America/New_York" }),
    "2026-11-01T05:00:00Z",
    ["2026-11-01T05:30:00.000Z", "2026-11-01T06:00:00.000Z", "2026-11-01T06:30:00.000Z", "2026-11-01T07:00:00.000Z"],
  ],
  [
    "the other hemisphere, by half an hour",
    alarm("15 2 * * *", { timezone: "Australia/Lord_Howe" }),
    "2026-10-03T00:00:00Z",
    ["2026-10-03T15:30:00.000Z", "2026-10-04T15:15:00.000Z"],
  ],
  ["seconds of its own", alarm("* * * * *", { delay: 17 }), "2026-01-01T00:00:17Z", ["2026-01-01T00:01:17.000Z"]],
  [
    "from its start on, until it stops",
    alarm("0 * * * *", { startDate: "2026-01-01T02:00:00Z", stopDate: at("2026-01-01T03:00:00Z") }),
    "2026-01-01T00:00:00Z",
    ["2026-01-01T02:00:00.000Z", "2026-01-01T03:00:00.000Z"],
  ],
  [
    "an interval counts from its start",
    { kind: "interval", minutes: 7, startDate: "2026-01-01T00:00:30Z" },
    "2026-01-01T00:14:29Z",
    ["2026-01-01T00:14:30.000Z", "2026-01-01T00:21:30.000Z"],
  ],
  [
    "an interval before it",
    { kind: "interval", minutes: 7, startDate: 1_000 },
    "1970-01-01T00:00:00Z",
    ["1970-01-01T00:00:01.000Z"],
  ],
  ["one date", { kind: "once", date: 5_000 }, "1970-01-01T00:00:04.999Z", ["1970-01-01T00:00:05.000Z"]],
  ["no other", { kind: "once", date: 5_000 }, "1970-01-01T00:00:05Z", []],
])("%s", (_, timing, after, expected) => {
  expect(iso(comingSlots(timing, at(after), Math.max(1, expected.length)))).toEqual(expected);
});

it("looks back as it looks ahead: the latest first to be kept, none twice, none left out", () => {
  const timings: Timing[] = [
    alarm("*/7 * * * * *"),
    alarm("*/30 * * * *", { timezone: "America/New_York" }),
    alarm("30 1,2 * * *", { timezone: "Europe/Berlin" }),
    { kind: "interval", minutes: 3, startDate: at("2026-03-28T23:00:00Z") },
    { kind: "once", date: at("2026-03-29T00:30:00Z") },
  ];
  for (const timing of timings) {
    const after = at("2026-03-28T22:10:11.123Z");
    const upto =
      timing.kind === "alarm" && timing.cron.includes("/7") ? after + 300_000 : at("2026-03-30T05:06:07.890Z");
    const all: number[] = [];
    for (let slot = nextSlot(timing, after); slot !== null && slot <= upto; slot = nextSlot(timing, slot))
      all.push(slot);
    expect(all.length).toBeGreaterThan(0);
    expect(lastSlots(timing, { after, upto, max: 1_000 })).toEqual(all.slice(-500));
    expect(lastSlots(timing, { after, upto, max: 2 })).toEqual(all.slice(-2));
    expect(lastSlots(timing, { after, upto, max: 0 })).toEqual([]);
    const last = all.at(-1) ?? 0;
    expect(lastSlots(timing, { after, upto: last, max: 1 })).toEqual([last]);
    expect(lastSlots(timing, { after: last, upto, max: 1 })).toEqual([]);
  }
});

it("draws jitter by schedule and slot, the same each time, over its whole range", () => {
  const drawn = Array.from({ length: 500 }, (_, n) => jitterOf({ jitter: 10 }, "schedule", n * 60_000));
  expect(drawn).toEqual(Array.from({ length: 500 }, (_, n) => jitterOf({ jitter: 10 }, "schedule", n * 60_000)));
  expect([Math.min(...drawn) >= 0, Math.max(...drawn) <= 10_000]).toEqual([true, true]);
  for (let part = 0; part < 5; part++) {
    const there = drawn.filter((ms) => Math.floor(ms / 2_001) === part).length;
    expect(there).toBeGreaterThan(60);
  }
  expect(jitterOf({ jitter: 10 }, "another", 0)).not.toBe(jitterOf({ jitter: 10 }, "schedule", 0));
  expect(jitterOf({}, "schedule", 0)).toBe(0);
});

it("tells timings with the same slots from others", () => {
  const one = alarm("0 * * * *", { strict: true });
  expect(sameTiming(one, alarm("0 * * * *"))).toBe(true);
  for (const other of [
    alarm("1 * * * *"),
    alarm("0 * * * *", { timezone: "Europe/Berlin" }),
    alarm("0 * * * *", { delay: 3 }),
  ]) {
    expect(sameTiming(one, other)).toBe(false);
  }
  expect(sameTiming({ kind: "once", date: 1 }, { kind: "once", date: 1, deleteAfterFire: "rules" })).toBe(true);
  expect(sameTiming({ kind: "once", date: 1 }, { kind: "once", date: 2 })).toBe(false);
});
