import { expect, test } from "vitest";
import { ALARM_SLACK_MS, Alarm } from "../../../durable-objects/shared/alarm.ts";
import { Clock } from "../clock.ts";

function open(round: () => Promise<void> = async () => undefined) {
  const clock = new Clock();
  const set: number[] = [];
  const warnings: string[] = [];
  const begun = clock.now();
  const ports = {
    now: clock.now,
    after: clock.after,
    setAlarm: (at: number) => void set.push(at - begun),
    warn: (text: string) => void warnings.push(text),
  };
  return { clock, set, warnings, begun, alarm: new Alarm(ports, round) };
}

test("it is set for the earliest wish, and not anew for one within the slack of it", () => {
  const { alarm, set, begun } = open();
  alarm.wakeIn(10_000);
  alarm.wakeIn(12_000);
  alarm.wakeIn(10_000 - ALARM_SLACK_MS);
  alarm.wakeAt(begun + 9_000);
  alarm.wakeAt(Number.POSITIVE_INFINITY);
  expect(set).toEqual([10_000, 9_000]);
});

test("once it rang it is set by the next wish, whenever that is", async () => {
  const { alarm, set } = open();
  alarm.wakeIn(1_000);
  await alarm.run();
  alarm.wakeIn(60_000);
  expect(set).toEqual([1_000, 60_000]);
});

test("it is moved later only where nothing was wished for meanwhile", () => {
  const { alarm, set, begun } = open();
  alarm.wakeIn(1_000);
  alarm.moveTo(begun + 30_000, alarm.wishes);
  const { wishes } = alarm;
  alarm.wakeIn(5_000);
  alarm.moveTo(begun + 60_000, wishes);
  expect(set).toEqual([1_000, 30_000, 5_000]);
});

test("a round that fails is run again within 10 s of the end of the cause, once at a time, and then is left alone", async () => {
  let full = true;
  let rounds = 0;
  const { alarm, clock, warnings } = open(async () => {
    rounds++;
    if (full) throw new Error("SQLITE_FULL");
  });
  for (let n = 0; n < 3; n++) await expect(alarm.run()).rejects.toThrow("SQLITE_FULL");
  expect(clock.timers).toBe(1);
  await clock.advance(600_000);
  expect(rounds).toBe(3 + 120);
  expect(warnings).toHaveLength(1);
  full = false;
  await clock.advance(10_000);
  expect(rounds).toBe(3 + 121);
  expect(clock.timers).toBe(0);
});
