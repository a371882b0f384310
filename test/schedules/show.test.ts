// What the feeds' READ answers of a schedule: upstream's config and status for each kind,
// and what more there is to say.

import { describe, expect, it } from "vitest";
import type { SchedulePlan, ScheduleState, ScheduleView, SlotNote, Timing } from "../../src/entities/schedule.ts";
import { showSchedule } from "../../src/schedules/show.ts";

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0, 7);
const ISO = "2026-11-28T12:00:00.007Z";
const ALARM: Timing = { kind: "alarm", cron: "* * * * *" };

function shown(more: {
  timing?: Timing;
  plan?: Partial<SchedulePlan>;
  state?: Partial<ScheduleState>;
  notes?: SlotNote[];
  next?: number[];
  defaultStrict?: boolean;
}) {
  const { timing = ALARM, plan = {}, state = {}, notes = [], next = [], defaultStrict = false } = more;
  const view: ScheduleView = {
    plan: { timing, payload: "{}", maxTriggers: -1, ...plan },
    state: { active: true, changed: NOW, cursor: NOW, left: -1, missed: 0, ...state },
    ...{ notes, next, revision: "r" },
  };
  const text = showSchedule(view, { name: "t", namespace: "guest", settings: { defaultStrict } });
  return { text, ...(JSON.parse(text) as Record<"config" | "status" | "schedule", Record<string, unknown>>) };
}

describe("the config", () => {
  it("of a pattern has what was given, and nothing else", () => {
    expect(shown({}).config).toEqual({ name: "t", namespace: "guest", strict: false, cron: "* * * * *", payload: {} });
    const timing = { ...ALARM, timezone: "Europe/Berlin", startDate: "2026-01-01", stopDate: 5 };
    const plan = { maxTriggers: 3, jitter: 2, misfire: "skip", overlap: "queue" } as const;
    expect(shown({ timing, plan }).config).toMatchObject({
      timezone: "Europe/Berlin",
      startDate: "2026-01-01",
      ...plan,
    });
  });

  it("says whether a pattern is meant exactly: as its owner says, else as the operator does", () => {
    const strict = (timing: Timing, defaultStrict: boolean) => shown({ timing, defaultStrict }).config.strict;
    expect([
      strict(ALARM, true),
      strict({ ...ALARM, strict: false }, true),
      strict({ ...ALARM, strict: "x" }, false),
    ]).toEqual([...[true, false, "x"]]);
    expect(strict({ kind: "once", date: 1 }, true)).toBe(true);
  });

  it("of an interval and of one fire has theirs", () => {
    expect(shown({ timing: { kind: "interval", minutes: 5, startDate: 7 } }).config).toEqual({
      ...{ name: "t", namespace: "guest", strict: false, startDate: 7, minutes: 5, payload: {} },
    });
    expect(shown({ timing: { kind: "once", date: "d", deleteAfterFire: "rules" } }).config).toEqual({
      ...{ name: "t", namespace: "guest", strict: false, date: "d", deleteAfterFire: "rules", payload: {} },
    });
  });

  it("has the payload with the bytes it was given", () => {
    expect(shown({ plan: { payload: '{ "n": 1.0, "m":1e400 }' } }).text).toContain('"payload":{ "n": 1.0, "m":1e400 }');
  });
});

describe("the status", () => {
  it("says since when it is so, and why it fires no more", () => {
    expect(shown({}).status).toEqual({ active: true, dateChanged: NOW, dateChangedISO: "2026-11-28T12:00:00Z" });
    const reason = { kind: "AUTO", statusCode: 404, message: "gone" } as const;
    expect(shown({ state: { active: false, reason } }).status).toMatchObject({ active: false, reason });
  });
});

describe("what more there is", () => {
  it("is the next fires, those that are left, and those that were missed", () => {
    expect(shown({ next: [NOW] }).schedule).toEqual({ next: [ISO], missed: 0, history: [] });
    expect(shown({ state: { left: 0, missed: 4 } }).schedule).toMatchObject({ firesLeft: 0, missed: 4 });
  });

  it("is the slot that waits, and why", () => {
    const trying = { slot: NOW, tries: 2, throttled: 1, since: NOW, at: NOW + 1, why: "too often" };
    expect(shown({ state: { trying } }).schedule.waiting).toEqual({
      ...{ slot: ISO, since: ISO, again: ISO.replace("007", "008"), tries: 2, why: "too often" },
    });
  });

  it("is the past: how late each slot fired, or why it did not; and what was not prepared for one", () => {
    const shortage = { function: "guest/a", wanted: 512, have: 256, reason: "no room" };
    const notes: SlotNote[] = [
      { slot: NOW, at: NOW + 40, outcome: "fired", id: "i" },
      { slot: NOW, at: NOW, outcome: "failed", text: "gone" },
      { slot: NOW, at: NOW, outcome: "unprepared", shortage },
    ];
    expect(shown({ notes }).schedule.history).toEqual([
      { slot: ISO, outcome: "fired", lateMs: 40, activationId: "i" },
      { slot: ISO, outcome: "failed", lateMs: 0, text: "gone" },
      { slot: ISO, outcome: "unprepared", function: "guest/a", wantedMb: 512, haveMb: 256, reason: "no room" },
    ]);
  });

  it("is told also of what no calendar has", () => {
    expect(shown({ next: [8.64e15 + 1] }).schedule.next).toEqual(["8640000000000001"]);
  });
});
