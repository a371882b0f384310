// A platform that has just been started is asked until it answers, within bounds, on a clock of the test's own.

import { expect, it } from "vitest";
import type { ApiReply } from "../../../runtime-host/client/api-client.ts";
import { retry } from "../../../runtime-host/client/retry.ts";

const refused = (status: number): ApiReply<string> => ({ ok: false, status, reason: "no" });

/** What `retry` makes of these answers (the last one again and again), how often it asked and how long it waited. */
async function asked(answers: ApiReply<string>[]) {
  let now = 0;
  let times = 0;
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      now += ms;
    },
  };
  const reply = await retry(async () => answers[Math.min(times++, answers.length - 1)] ?? refused(0), clock);
  return { reply, times, waited: now };
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
  expect(waited).toBeGreaterThan(15_000);
  expect(waited).toBeLessThan(16_000);
});
