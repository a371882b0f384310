// Alarms on days on which calendars are not as on others, with the real workerd, whose clock is set to them; and a slot
// that came while it was dead.

import { afterAll, beforeAll, expect, it } from "vitest";
import { withBrokers } from "../support/brokers.ts";
import { type AheadClock, startClock } from "../support/clock-ahead.ts";
import { basic, GUEST, type Platform, ready, startPlatform } from "../support/platform.ts";

const HEADERS = { authorization: basic(GUEST), "content-type": "application/json" };
const BERLIN = { timezone: "Europe/Berlin" };
/** A lost alarm is noticed within seconds; a machine may have other things to do. */
const SOON = { interval: 500 };

interface Fire {
  slot: string;
  outcome: string;
}

withBrokers("calendar", ["cc"], () => {
  let clock: AheadClock;
  let platform: Platform;

  beforeAll(async () => {
    clock = startClock();
    platform = await startPlatform({ engine: "process", env: clock.env });
  });
  afterAll(async () => {
    await platform?.stop();
    clock?.close();
  });

  async function send(method: string, path: string, body?: object) {
    const init = { method, headers: HEADERS, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`${platform.url}/api/v1/namespaces/${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  const alarm = (lifecycleEvent: string, trigger: string, params: object = {}) =>
    send("POST", "whisk.system/actions/alarms/alarm?blocking=true&result=true", {
      ...{ ...params, lifecycleEvent, triggerName: `/_/${trigger}` },
    });

  async function make(trigger: string, params: object): Promise<void> {
    await send("PUT", `_/triggers/${trigger}`, {});
    await send("PUT", `_/rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: "/whisk.system/utils/echo" });
    await alarm("CREATE", trigger, params);
  }

  /** Slots that were fired, the last few. */
  async function fired(trigger: string): Promise<string[]> {
    const { schedule } = (await alarm("READ", trigger)) as { schedule: { history: Fire[] } };
    return schedule.history
      .filter(({ outcome }) => outcome === "fired")
      .map(({ slot }) => new Date(slot).toISOString());
  }

  const hasFired = (trigger: string, slot: string) =>
    expect.poll(async () => fired(trigger).catch(() => []), SOON).toContain(slot);

  it("keep daylight saving in both directions and leap days, and fire once what came while workerd was dead", async () => {
    clock.set("2027-03-28T00:59:45Z");
    await make("daily", { cron: "30 2 * * *", ...BERLIN });
    await make("often", { cron: "*/30 * * * *", ...BERLIN });
    await make("leap", { cron: "0 0 29 2 *", misfire: "once" });
    // 02:30 is not that day: 03:00 summer time.
    await hasFired("daily", "2027-03-28T01:00:00.000Z");

    clock.set("2027-10-31T00:29:50Z");
    await hasFired("daily", "2027-10-31T00:30:00.000Z");
    clock.set("2027-10-31T01:29:55Z");
    await hasFired("often", "2027-10-31T01:30:00.000Z");
    // That is 02:30 for the second time.
    expect(await fired("daily")).not.toContain("2027-10-31T01:30:00.000Z");

    for (const pid of platform.pids().workerd) process.kill(pid, "SIGKILL");
    clock.set("2028-02-29T00:10:00Z");
    await expect.poll(() => ready(platform.url), SOON).toBe(true);
    await hasFired("leap", "2028-02-29T00:00:00.000Z");
    const records = async () => (await send("GET", "_/activations?name=leap&count=true")).activations;
    await expect.poll(records, SOON).toBe(1);
  });
});
