// What a schedule does next, slot by slot: missed ones, retries, runs that overlap, pauses, the end.

import { expect, it } from "vitest";
import type { SchedulePlan, ScheduleState, SlotNote, Timing } from "../../src/entities/schedule.ts";
import {
  begun,
  decide,
  dueAt,
  paused,
  resumed,
  revised,
  type SlotOutcome,
  settle,
  TOLERANCE_MS,
} from "../../src/schedules/machine.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const FIRED: SlotOutcome = { kind: "accepted", id: "id" };

function planOf(timing: Timing, more: Partial<SchedulePlan> = {}): SchedulePlan {
  return { timing, payload: "{}", maxTriggers: -1, ...more };
}

const everyMinute = (more: Partial<SchedulePlan> = {}) => planOf({ kind: "alarm", cron: "* * * * *" }, more);

/** A schedule on a clock: fires what is due, until nothing is. */
class Player {
  state: ScheduleState;
  now = START;
  readonly fired: number[] = [];
  readonly notes: SlotNote[] = [];
  /** What the next fires come to. */
  outcomes: SlotOutcome[] = [];
  deleted: boolean | null = null;

  readonly plan: SchedulePlan;

  constructor(plan: SchedulePlan) {
    this.plan = plan;
    this.state = begun(plan, START);
  }

  get #schedule() {
    return { id: "schedule", plan: this.plan, state: this.state };
  }

  get due(): number | null {
    return dueAt(this.#schedule);
  }

  /** One decision at `now`; false when there is nothing to do. */
  turn(): boolean {
    const next = decide(this.#schedule, this.now);
    this.state = next.state;
    this.notes.push(...next.notes);
    if (next.kind === "delete") this.deleted = next.rules;
    if (next.kind !== "fire") return false;
    const outcome = this.outcomes.shift() ?? FIRED;
    if (outcome.kind === "accepted") this.fired.push((next.slot - START) / MINUTE);
    const settled = settle(this.#schedule, { slot: next.slot, outcome, now: this.now });
    this.state = settled.state;
    this.notes.push(...settled.notes);
    return true;
  }

  /** The machine is there again at this minute: what is due is done at once. */
  at(minute: number): this {
    this.now = START + minute * MINUTE;
    for (let turns = 0; turns < 500 && this.turn(); turns++);
    return this;
  }

  get outcomesNoted(): string[] {
    return this.notes.map((note) => note.outcome);
  }
}

it("fires each slot once, in its turn, and sleeps until the next", () => {
  const player = new Player(everyMinute());
  expect(player.due).toBe(START + MINUTE);
  player.at(0.5).at(1).at(1.2).at(2);
  expect([player.fired, player.due]).toEqual([[1, 2], START + 3 * MINUTE]);
  expect(player.notes.map(({ slot, at }) => at - slot)).toEqual([0, 0]);
});

it.each([
  ["skip", [1, 11], 9],
  ["once", [1, 10, 11], 8],
  ["all", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0],
] as const)("after a long absence misfire %s fires %j", (misfire, fired, missed) => {
  const player = new Player(everyMinute({ misfire })).at(1).at(10.9).at(11);
  expect([player.fired, player.state.missed]).toEqual([fired, missed]);
});

it("makes up for the latest hundred at most, and says what was dropped", () => {
  const player = new Player(everyMinute({ misfire: "all" })).at(1).at(301.9);
  expect([player.fired.length, player.fired[1], player.fired.at(-1), player.state.missed]).toEqual([
    101, 202, 301, 200,
  ]);
  expect(player.notes.find((note) => note.outcome === "missed")?.text).toBe(
    "200 of the slots since 2026-01-01T00:02:00.000Z passed without a fire (all).",
  );
});

it("holds slots that are a little late for due, whatever the policy", () => {
  const player = new Player(planOf({ kind: "alarm", cron: "*/10 * * * * *" }, { misfire: "skip" }));
  player.now = START + TOLERANCE_MS + 5_000;
  while (player.turn());
  expect(player.fired.map((minute) => minute * MINUTE)).toEqual([10_000, 20_000, 30_000]);
});

it("tries again what nobody knows the outcome of: the same slot, later each time, and gives it up after an hour", () => {
  const player = new Player(everyMinute());
  const lost: SlotOutcome = { kind: "unknown", text: "no answer" };
  player.outcomes = [lost, lost];
  player.at(1);
  expect([player.state.trying?.slot, player.due]).toEqual([START + MINUTE, START + MINUTE + 1_000]);
  player.now = player.due ?? 0;
  player.turn();
  expect(player.due).toBe(player.now + 2_000);
  expect(player.state.trying?.why).toBe("no answer");
  player.at(1.1);
  expect([player.fired, player.state.trying]).toEqual([[1], undefined]);
  player.outcomes = Array.from({ length: 500 }, () => lost);
  for (let turns = 0; turns < 200 && !player.outcomesNoted.includes("failed"); turns++) {
    player.now = player.due ?? 0;
    player.turn();
  }
  expect(player.notes.find((note) => note.outcome === "failed")).toMatchObject({ slot: START + 2 * MINUTE });
  expect(player.state.active).toBe(true);
});

it("ends where it is refused, and after ten times too often", () => {
  for (const statusCode of [401, 403, 404]) {
    const player = new Player(everyMinute());
    player.outcomes = [{ kind: "refused", statusCode, text: "no" }];
    player.at(1);
    expect([player.state.active, player.due, player.state.reason]).toEqual([
      false,
      null,
      {
        kind: "AUTO",
        statusCode,
        message: `Trigger automatically disabled: Received a ${statusCode} status code when firing the trigger`,
      },
    ]);
  }
  for (const statusCode of [408, 409, 500, 503]) {
    const player = new Player(everyMinute());
    player.outcomes = [{ kind: "refused", statusCode, text: "later" }];
    expect(player.at(1).state.trying?.why).toBe("later");
  }
  const player = new Player(everyMinute());
  player.outcomes = Array.from({ length: 20 }, () => ({ kind: "refused", statusCode: 429, text: "" }));
  const waits: number[] = [];
  player.at(1);
  while (player.state.active) {
    waits.push(((player.due ?? 0) - player.now) / 1_000);
    player.now = player.due ?? 0;
    player.turn();
  }
  expect(waits).toEqual([1, 4, 9, 16, 25, 36, 49, 64, 81, 100]);
  expect(player.state.reason).toMatchObject({ kind: "AUTO", statusCode: 429 });
  const barred = new Player(everyMinute());
  barred.outcomes = [{ kind: "barred", text: "nobody" }];
  expect(barred.at(1).state.reason).toEqual({ kind: "AUTO", message: "nobody" });
});

it("lets slots pass, or wait, while what the last one started goes on", () => {
  const busy: SlotOutcome = { kind: "busy" };
  const runs = ["run"];
  const skip = new Player(everyMinute({ overlap: "skip" }));
  skip.outcomes = [{ ...FIRED, runs }, busy, FIRED];
  skip.at(1).at(2).at(3);
  expect([skip.fired, skip.outcomesNoted, skip.state.runs]).toEqual([[1, 3], ["fired", "skipped", "fired"], []]);
  const queue = new Player(everyMinute({ overlap: "queue" }));
  queue.outcomes = [{ ...FIRED, runs }, ...Array.from({ length: 3 }, () => busy)];
  queue.at(1).at(2).at(3).at(4).at(10.9);
  expect([queue.fired, queue.state.missed]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0]);
  const none = new Player(everyMinute());
  none.outcomes = [{ ...FIRED, runs }];
  expect(none.at(1).state.runs).toBeUndefined();
});

it("ends after its last fire, by date and by number, and once after once", () => {
  const stopDate = START + 2 * MINUTE;
  const cron = new Player(planOf({ kind: "alarm", cron: "* * * * *", stopDate })).at(1).at(2);
  const interval = new Player(planOf({ kind: "interval", minutes: 1, startDate: START + MINUTE, stopDate }))
    .at(1)
    .at(2);
  const twice = new Player(everyMinute({ maxTriggers: 2 })).at(1).at(2).at(3);
  const once = new Player(planOf({ kind: "once", date: START + MINUTE })).at(1);
  expect([cron, interval, twice, once].map(({ fired, due, state }) => [fired, due, state.reason?.message])).toEqual([
    [[1, 2], null, "Automatically disabled after firing last scheduled cron trigger"],
    [[1, 2], null, "Automatically disabled after firing last scheduled interval trigger"],
    [[1, 2], null, "Automatically disabled after reaching max triggers"],
    [[1], null, "Automatically disabled after firing once"],
  ]);
  for (const [deleteAfterFire, rules] of [
    ["true", false],
    ["rules", true],
  ] as const) {
    const player = new Player(planOf({ kind: "once", date: START + MINUTE, deleteAfterFire })).at(1);
    expect([player.deleted, player.state.active, player.state.reason?.message]).toEqual([
      rules,
      false,
      "Marked for deletion",
    ]);
  }
});

it("rests while it is paused, and goes on with what comes", () => {
  const player = new Player(everyMinute({ misfire: "all" })).at(1);
  player.state = paused(player.state, player.now);
  player.at(5);
  expect([player.fired, player.due, player.state.reason?.kind]).toEqual([[1], null, "USER"]);
  player.state = resumed(player.plan, player.state, player.now);
  player.at(6);
  expect([player.fired, player.state.reason]).toEqual([[1, 6], undefined]);
});

it("settles a fire that comes back after its owner's change without going back", () => {
  const player = new Player(everyMinute());
  player.now = START + MINUTE;
  const schedule = { id: "schedule", plan: player.plan, state: player.state };
  const later = { ...schedule, state: paused(player.state, player.now) };
  const during = settle(later, { slot: START + MINUTE, outcome: FIRED, now: player.now });
  expect(during.state).toMatchObject({ active: false, reason: { kind: "USER" }, cursor: START + MINUTE });
  const changed = planOf({ kind: "alarm", cron: "30 * * * *" });
  const state = revised(schedule, changed, player.now + 10);
  const after = settle(
    { id: "schedule", plan: changed, state },
    { slot: START + MINUTE, outcome: FIRED, now: player.now },
  );
  expect([after.state, after.notes.length]).toEqual([state, 1]);
  // Where the slots stay the same, what is due is not lost.
  const payload = revised(schedule, everyMinute({ payload: '{"n":1}', maxTriggers: 5 }), player.now + 10);
  expect([payload.cursor, payload.left]).toEqual([START, 5]);
});
