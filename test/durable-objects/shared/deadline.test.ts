import { expect, test } from "vitest";
import { within } from "../../../durable-objects/shared/deadline.ts";
import { Clock } from "../clock.ts";

test("an answer in time is the answer, and no timer is left", async () => {
  const clock = new Clock();
  expect(await within(clock.after, 100, Promise.resolve("yes"))).toBe("yes");
  await expect(within(clock.after, 100, Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(clock.timers).toBe(0);
});

test("who does not answer in time is given up, and what comes later is dropped", async () => {
  const clock = new Clock();
  const answer = Promise.withResolvers<string>();
  const outcome = within(clock.after, 100, answer.promise).then(
    () => "answered",
    (error: unknown) => String(error),
  );
  await clock.advance(100);
  answer.resolve("late");
  expect(await outcome).toBe("Error: no answer within 100 ms");
});
