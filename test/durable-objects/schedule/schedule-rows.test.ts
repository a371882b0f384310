// Schedules as they lie in tables: what is kept of each, which are due, and how much of their past is remembered.

import { beforeEach, describe, expect, it } from "vitest";
import { type KeptSchedule, MAX_NOTES, ScheduleRows } from "../../../durable-objects/schedule/schedule-rows.ts";
import type { SlotNote } from "../../../src/entities/schedule.ts";
import { begun } from "../../../src/schedules/machine.ts";
import { openDatabase } from "../clock.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

let database: ReturnType<typeof openDatabase>;
let rows: ScheduleRows;

beforeEach(() => {
  database = openDatabase();
  rows = new ScheduleRows(database);
});

/** Due at the given epoch ms; null: never. */
function scheduleOf(name: string, due: number | null, { id = `id-${name}`, revision = "r1" } = {}): KeptSchedule {
  const plan = { timing: { kind: "once" as const, date: due ?? NOW }, payload: "{}", maxTriggers: -1 };
  return {
    ...{ name, id, revision, plan, namespace: { name: "guest", uuid: "ns" }, apiHost: "http://h", shard: 3 },
    state: { ...begun(plan, NOW - MINUTE), active: due !== null },
  };
}

function put(...given: Parameters<typeof scheduleOf>): KeptSchedule {
  const schedule = scheduleOf(...given);
  rows.put(schedule);
  return schedule;
}

const note = (slot: number): SlotNote => ({ slot, at: slot, outcome: "fired" });
const slotsOf = (id: string) => rows.notes(id).map(({ slot }) => slot);

describe("a schedule", () => {
  it("comes back as it was put, and is counted once, also by a later incarnation", () => {
    const schedule = put("a", NOW);
    put("a", NOW, { revision: "r2" });
    put("b", NOW);
    expect([rows.get("a"), rows.get("none")]).toEqual([{ ...schedule, revision: "r2" }, null]);
    expect([rows.count, new ScheduleRows(database).count]).toEqual([2, 2]);
  });

  it("that is changed keeps its history; one that is made anew has none", () => {
    const schedule = put("a", NOW);
    rows.save([{ schedule, notes: [note(1)] }]);
    put("a", NOW, { revision: "r2" });
    expect(slotsOf(schedule.id)).toEqual([1]);
    put("a", NOW, { id: "another" });
    expect([slotsOf(schedule.id), slotsOf("another"), rows.count]).toEqual([[], [], 1]);
  });

  it("that was made anew is not changed by who still holds the old one", () => {
    const old = put("a", NOW);
    const made = put("a", NOW, { id: "another" });
    rows.save([{ schedule: { ...old, state: { ...old.state, missed: 9 } }, notes: [] }]);
    expect(rows.get("a")).toEqual(made);
  });

  it("goes with its history, once, and leaves others theirs", () => {
    const [a, b] = [put("a", NOW), put("b", NOW)];
    rows.save([a, b].map((schedule) => ({ schedule, notes: [note(1)] })));
    expect([rows.remove("a"), rows.remove("a"), rows.count]).toEqual([true, false, 1]);
    expect([slotsOf(a.id), slotsOf(b.id), rows.get("a")]).toEqual([[], [1], null]);
  });
});

describe("its history", () => {
  it("has its last slots, the latest first, and none of another schedule", () => {
    const [a, b] = [put("a", NOW), put("b", NOW)];
    const slots = Array.from({ length: MAX_NOTES + 3 }, (_, at) => at);
    rows.save([{ schedule: b, notes: [note(100)] }]);
    for (const slot of slots.slice(0, MAX_NOTES)) rows.save([{ schedule: a, notes: [note(slot)] }]);
    expect(slotsOf(a.id).length).toBe(MAX_NOTES);
    rows.save([{ schedule: a, notes: slots.slice(MAX_NOTES).map(note) }]);
    expect(slotsOf(a.id)).toEqual(slots.slice(3).reverse());
    expect(slotsOf(b.id)).toEqual([100]);
  });
});

describe("what is due", () => {
  it("comes by its time, then by its name, without busy ones and not too many", () => {
    for (const [name, due] of Object.entries({ c: NOW, b: NOW + 1, a: NOW + 1, later: NOW + 2 })) put(name, due);
    put("never", null);
    const names = (now: number, busy: string[] = [], max = 10) => rows.due(now, { busy, max }).map(({ name }) => name);
    expect(names(NOW + 1)).toEqual(["c", "a", "b"]);
    expect(names(NOW + 1, ["a", "c"])).toEqual(["b"]);
    expect(names(NOW + 1, [], 1)).toEqual(["c"]);
    expect(names(NOW - 1)).toEqual([]);
    expect(rows.next([])).toBe(NOW);
    expect(rows.next(["c"])).toBe(NOW + 1);
    expect(rows.next(["a", "b", "c", "later"])).toBe(Number.POSITIVE_INFINITY);
  });

  it("soon is after now and up to the given moment, the next first", () => {
    for (const [name, due] of Object.entries({ now: NOW, b: NOW + 1, a: NOW + 1, end: NOW + 5, late: NOW + 6 })) {
      put(name, due);
    }
    const coming = (busy: string[] = []) => rows.coming(NOW, { until: NOW + 5, busy }).map(({ name }) => name);
    expect([coming(), coming(["a"])]).toEqual([
      ["a", "b", "end"],
      ["b", "end"],
    ]);
    expect(rows.coming(NOW, { until: NOW + 1, busy: ["b"] })).toEqual([{ name: "a", due: NOW + 1 }]);
  });

  it("moves with how the schedule stands", () => {
    const schedule = put("a", NOW);
    const ending = { rules: false, tries: 0, at: NOW + MINUTE };
    rows.save([{ schedule: { ...schedule, state: { ...schedule.state, ending } }, notes: [] }]);
    expect(rows.next([])).toBe(NOW + MINUTE);
    rows.save([{ schedule: { ...schedule, state: { ...schedule.state, active: false } }, notes: [] }]);
    expect(rows.next([])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("facts of the object", () => {
  it("are those that were set, also for a later incarnation", () => {
    expect(rows.facts()).toEqual({ spilled: false, listed: false });
    rows.setListed(true);
    expect(rows.facts()).toEqual({ spilled: false, listed: true });
    rows.setSpilled();
    rows.setListed(false);
    expect(new ScheduleRows(database).facts()).toEqual({ spilled: true, listed: false });
  });
});
