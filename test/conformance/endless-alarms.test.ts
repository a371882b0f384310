// Alarms of every second that never end, on the real clock: as often as their namespace may fire, and no other is late.
// Parity 6.16, 6.32.

import { expect } from "vitest";
import { ask, fresh, type Loose, line, type Tenant, tenant, useApi } from "./suite.ts";

await useApi();

const ALARM = "/api/v1/namespaces/whisk.system/actions/alarms/alarm?blocking=true&result=true";
const ENDLESS = 12;
const PER_MINUTE = 5;
const CALM_FIRES = 10;
/** Slots that READ shows. */
const SHOWN = 20;

async function call({ key }: Tenant, lifecycleEvent: string, trigger: string, params: object = {}): Promise<Loose> {
  const body = { ...params, lifecycleEvent, triggerName: `/_/${trigger}` };
  const { status, text, json } = await ask("POST", ALARM, { body, key });
  if (status !== 200) throw new Error(`${lifecycleEvent} of ${trigger}: ${status} ${text}`);
  return json;
}

/** An alarm of every second, whose trigger has a rule. */
async function eachSecond(owner: Tenant, params: object = {}): Promise<string> {
  const { key } = owner;
  const name = fresh("endless");
  await ask("PUT", `triggers/${name}`, { body: {}, key });
  const rule = { trigger: `/_/${name}`, action: "/whisk.system/utils/echo" };
  expect((await ask("PUT", `rules/${name}-rule`, { body: rule, key })).status).toBe(200);
  await call(owner, "CREATE", name, { cron: "* * * * * *", ...params });
  return name;
}

line(
  "6.16 6.32",
  "they fire as often as their namespace may, say why they wait, keep a bounded history, and make no other late",
  async () => {
    const [greedy, calm] = [await tenant({ firesPerMinute: PER_MINUTE }), await tenant()];
    const began = Date.now();
    const names: string[] = [];
    for (let at = 0; at < ENDLESS; at++) names.push(await eachSecond(greedy));
    const other = await eachSecond(calm, { maxTriggers: CALM_FIRES, misfire: "skip" });
    await expect.poll(async () => (await call(calm, "READ", other)).status.active).toBe(false);
    const { schedule } = await call(calm, "READ", other);
    const slots = schedule.history.filter(({ outcome }: Loose) => outcome === "fired");
    const times: number[] = slots.map(({ slot }: Loose) => Date.parse(slot)).reverse();
    expect(times).toEqual(Array.from({ length: CALM_FIRES }, (_, at) => (times[0] ?? 0) + 1_000 * at));
    expect(schedule.missed).toBe(0);
    const shown = await Promise.all(names.map((name) => call(greedy, "READ", name)));
    const waiting = shown.flatMap((each) => (each.schedule.waiting === undefined ? [] : [each.schedule.waiting]));
    // Of two minutes at most, whose fires were taken.
    expect(waiting.length).toBeGreaterThanOrEqual(ENDLESS - 2 * PER_MINUTE);
    for (const { why } of waiting) expect(why).toContain("has fired too often");
    for (const each of shown) expect(each.schedule.history.length).toBeLessThanOrEqual(SHOWN);
    for (const name of names) await call(greedy, "DELETE", name);
    const minutes = Math.floor(Date.now() / 60_000) - Math.floor(began / 60_000) + 1;
    const records = async (): Promise<number> => {
      const asked = names.map((name) => ask("GET", `activations?name=${name}&count=true`, { key: greedy.key }));
      return (await Promise.all(asked)).reduce((sum, { json }) => sum + json.activations, 0);
    };
    await expect.poll(records).toBeGreaterThan(0);
    expect(await records()).toBeLessThanOrEqual(PER_MINUTE * minutes);
  },
  { needs: "admin" },
);
