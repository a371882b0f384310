// What alarms are asked for becomes plans: the seconds of patterns that need not be exact. Parity 6.33; the words of
// refusals are shown by conformance/alarms.test.ts.

import { expect, it } from "vitest";
import type { AlarmSettings, SchedulePlan } from "../../src/entities/schedule.ts";
import { changedPlan, planOf } from "../../src/schedules/feed-parameters.ts";
import { comingSlots } from "../../src/schedules/slots.ts";

const NOW = Date.parse("2027-05-05T12:00:30Z");
const SPREAD: AlarmSettings = { limitCronFields: false, delayLimit: 20, defaultStrict: false };

function plan(fields: Record<string, unknown>, { name = "t", settings = SPREAD } = {}): SchedulePlan {
  const made = planOf({ fields }, { now: NOW, name, settings });
  if (!made.ok) throw new Error(made.text);
  return made.value;
}

/** Seconds that were added to its pattern. */
function delayOf({ timing }: SchedulePlan): number {
  return timing.kind === "alarm" ? (timing.delay ?? 0) : Number.NaN;
}

/** Seconds after the full minute at which it fires. */
function secondOf({ timing }: SchedulePlan): number {
  const seconds = new Set(comingSlots(timing, NOW, 3).map((slot) => (slot / 1_000) % 60));
  expect(seconds.size).toBe(1);
  return [...seconds][0] ?? Number.NaN;
}

it("five fields fire some seconds after the full minute: the same for a name, up to the limit, all of them used", () => {
  const names = Array.from({ length: 400 }, (_, at) => `trigger-${at}`);
  const delays = names.map((name) => delayOf(plan({ cron: "*/5 * * * *" }, { name })));
  expect(names.map((name) => delayOf(plan({ cron: "1 2 3 4 *" }, { name })))).toEqual(delays);
  expect([...new Set(delays)].toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: SPREAD.delayLimit + 1 }, (_, at) => at),
  );
  // As in another zone.
  const name = "trigger-7";
  expect(secondOf(plan({ cron: "*/5 * * * *" }, { name }))).toBe(delays[7]);
  expect(secondOf(plan({ cron: "0 * * * *", timezone: "Asia/Kolkata" }, { name }))).toBe(delays[7]);
});

it("what is strict, has six fields, or is asked for where there is no limit fires exactly", () => {
  const name = Array.from({ length: 50 }, (_, at) => `trigger-${at}`).find(
    (each) => delayOf(plan({ cron: "* * * * *" }, { name: each })) > 0,
  );
  const second = (fields: Record<string, unknown>, settings: AlarmSettings = SPREAD) =>
    secondOf(plan(fields, { ...(name === undefined ? {} : { name }), settings }));
  const cron = "* * * * *";
  expect(second({ cron })).toBeGreaterThan(0);
  for (const strict of [true, "true", "True"]) expect([strict, second({ cron, strict })]).toEqual([strict, 0]);
  for (const strict of [false, "false", "no"]) expect(second({ cron, strict })).toBe(second({ cron }));
  expect(second({ cron: "7 * * * * *" })).toBe(7);
  expect(second({ cron }, { ...SPREAD, delayLimit: 0 })).toBe(0);
  const exact = { ...SPREAD, defaultStrict: true };
  expect([second({ cron }, exact), second({ cron, strict: null }, exact)]).toEqual([0, 0]);
  expect(second({ cron, strict: false }, exact)).toBe(second({ cron }));
});

it("a change keeps or takes its seconds as a new alarm would", () => {
  const about = { now: NOW, name: "trigger-1", settings: SPREAD };
  const spread = plan({ cron: "* * * * *" }, { name: "trigger-1" });
  const changed = (fields: Record<string, unknown>): SchedulePlan => {
    const made = changedPlan(spread, { fields }, about);
    if (!made.ok) throw new Error(made.text);
    return made.value;
  };
  expect(secondOf(changed({ cron: "*/2 * * * *" }))).toBe(secondOf(spread));
  expect(secondOf(changed({ cron: "*/2 * * * *", strict: true }))).toBe(0);
  expect(secondOf(changed({ cron: "5 * * * * *" }))).toBe(5);
});
