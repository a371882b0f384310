// Alarms of every second that never end: what bounds them, and that none beside them is late.

import { expect, test } from "vitest";
import { MAX_NOTES } from "../../../durable-objects/schedule/schedule-rows.ts";
import { START } from "../calls.ts";
import { scheduleWorld } from "./world.ts";

const MINUTE = 60_000;
const EACH_SECOND = { kind: "alarm" as const, cron: "* * * * * *" };
const EACH_MINUTE = { kind: "alarm" as const, cron: "* * * * *" };

interface Asked {
  trigger: string;
  slot: number;
  /** Epoch ms at which the Worker was asked. */
  at: number;
}

/** Alarms of every second without an end, beside one of every minute; what the Worker was asked is written down. */
async function endless({ greedy, perMinute }: { greedy: number; perMinute: number }) {
  const world = scheduleWorld();
  const asked: Asked[] = [];
  /** Fires of greedy ones that were taken, by minute. */
  const taken = new Map<number, number>();
  world.answering(({ trigger, slot }) => {
    asked.push({ trigger, slot, at: world.clock.at });
    if (trigger === "calm") return { kind: "accepted" };
    const minute = Math.floor(world.clock.at / MINUTE);
    const before = taken.get(minute) ?? 0;
    if (before >= perMinute) return { kind: "refused", statusCode: 429, text: "too often" };
    taken.set(minute, before + 1);
    return { kind: "accepted" };
  });
  await world.put("calm", EACH_MINUTE);
  for (let at = 0; at < greedy; at++) await world.put(`greedy-${at}`, EACH_SECOND);
  const rows = (table: string) => world.database.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
  const stateOf = (trigger: string) => {
    const found = world.core.find(trigger);
    if (found.kind !== "found") throw new Error(`${trigger} is gone`);
    return found.view;
  };
  return { world, asked, rows, stateOf };
}

/** ms by which each fire of the alarm of every minute was late. */
const latenessOf = (fires: readonly Asked[]) =>
  fires.flatMap(({ trigger, slot, at }) => (trigger === "calm" ? [at - slot] : []));

test("each slot fires once and in time, and no more is kept after three minutes than after a minute", async () => {
  const { world, asked, rows, stateOf } = await endless({ greedy: 2, perMinute: Number.POSITIVE_INFINITY });
  await world.advance(MINUTE);
  const kept = () => [rows("schedules"), rows("notes") - stateOf("calm").notes.length];
  const soon = kept();
  expect(soon).toEqual([3, 2 * MAX_NOTES]);
  await world.advance(2 * MINUTE);
  expect(kept()).toEqual(soon);
  const first = (Math.floor(START / 1_000) + 1) * 1_000;
  for (const name of ["greedy-0", "greedy-1"]) {
    const fired = asked.filter(({ trigger }) => trigger === name);
    expect(fired.map(({ slot }) => slot)).toEqual(Array.from({ length: 180 }, (_, at) => first + 1_000 * at));
    expect(new Set(fired.map(({ slot, at }) => at - slot))).toEqual(new Set([0]));
    expect(stateOf(name).state).toMatchObject({ active: true, missed: 0 });
  }
  expect(latenessOf(asked)).toEqual(Array.from({ length: 3 }, () => 0));
});

test("those that are refused for firing too often ask a bounded number of times, tell what passed, and make no other late", async () => {
  const greedy = 3;
  const minutes = 5;
  const { world, asked, rows, stateOf } = await endless({ greedy, perMinute: 6 });
  await world.advance(minutes * MINUTE);
  expect(latenessOf(asked)).toEqual(Array.from({ length: minutes }, () => 0));
  // What is refused waits longer each time: of three hundred slots each, few are asked for.
  expect(asked.length).toBeLessThan((greedy * minutes * 60) / 4);
  const states = Array.from({ length: greedy }, (_, at) => stateOf(`greedy-${at}`).state);
  const [active, ended] = [states.filter((each) => each.active), states.filter((each) => !each.active)];
  // They go on, and say what they left out; or were refused too often in a row, and say that.
  expect(active.length).toBeGreaterThan(0);
  for (const { missed } of active) expect(missed).toBeGreaterThan(30);
  for (const { reason } of ended) expect(reason).toMatchObject({ kind: "AUTO", statusCode: 429 });
  expect(rows("notes")).toBeLessThanOrEqual((greedy + 1) * MAX_NOTES);
});

test("one whose fires hang holds back no other, and is asked for one at a time, each for a minute", async () => {
  const { world, asked } = await endless({ greedy: 0, perMinute: 0 });
  const hanging: (() => void)[] = [];
  world.answering(({ trigger, slot }) => {
    asked.push({ trigger, slot, at: world.clock.at });
    // In the second in which the other one is due, too.
    if (trigger === "calm" || slot % MINUTE !== 0) return { kind: "accepted" };
    return new Promise((resolve) => hanging.push(() => resolve({ kind: "unknown", text: "nobody answers" })));
  });
  await world.put("hung", EACH_SECOND);
  world.given.delete("hung");
  await world.advance(5 * MINUTE);
  expect(hanging.length).toBeGreaterThan(1);
  expect(hanging.length).toBeLessThanOrEqual(5);
  expect(latenessOf(asked)).toEqual(Array.from({ length: 5 }, () => 0));
  for (const answer of hanging) answer();
});
