import { expect, test } from "vitest";
import { AlarmRetry } from "../../durable-objects/alarm-retry.ts";
import { Clock } from "./clock.ts";

test("a round that fails is run again within 10 s of the end of the cause, once at a time, and then is left alone", async () => {
  const clock = new Clock();
  const warnings: string[] = [];
  let full = true;
  let rounds = 0;
  const alarm = new AlarmRetry({ after: clock.after, warn: (text) => warnings.push(text) }, async () => {
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
