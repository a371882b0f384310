// A platform that has just been started is asked until it answers, within bounds, on a clock of the test's own.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ApiReply } from "../../../runtime-host/client/api-client.ts";
import { retry } from "../../../runtime-host/client/retry.ts";

const refused = (status: number): ApiReply<string> => ({ ok: false, status, reason: "no" });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What `retry` makes of these answers (the last one again and again), how often it asked and how long (ms) it
 * waited. */
async function asked(answers: ApiReply<string>[]) {
  let times = 0;
  const began = Date.now();
  const retried = retry(async () => answers[Math.min(times++, answers.length - 1)] ?? refused(0));
  await vi.runAllTimersAsync();
  return { reply: await retried, times, waited: Date.now() - began };
}

it("asks again while nobody answers, or the platform cannot now", async () => {
  const done: ApiReply<string> = { ok: true, value: "token" };
  expect(await asked([refused(0), refused(503), refused(500), done])).toEqual({ reply: done, times: 4, waited: 750 });
});

it.each([400, 401, 404, 409])("takes %i for an answer", async (status) => {
  expect(await asked([refused(status)])).toEqual({ reply: refused(status), times: 1, waited: 0 });
});

it("gives up after a quarter of a minute, with the last reason", async () => {
  const { reply, waited } = await asked([refused(0)]);
  expect(reply).toEqual(refused(0));
  expect(waited).toBeGreaterThan(14_000);
  expect(waited).toBeLessThan(16_000);
});

it("lets what is no answer through at once", async () => {
  const bug = retry(() => Promise.reject(new RangeError("a bug")));
  await expect(bug).rejects.toThrow("a bug");
});
