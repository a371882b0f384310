// Containers that are prepared before schedules fire. Parity 6.16.

import { expect } from "vitest";
import { annotation, ask, code, fresh, key, type Loose, line, make, useApi } from "./suite.ts";

await useApi();

const ALARMS = "/api/v1/namespaces/whisk.system/actions/alarms";
/** ms from now to the slot: before the time ahead begins all is there. */
const SOON_MS = 7_000;

async function feed(event: string, trigger: string, params: object = {}): Promise<Loose> {
  const body = { ...params, lifecycleEvent: event, triggerName: `/_/${trigger}`, authKey: key(1) };
  return (await ask("POST", `${ALARMS}/once?blocking=true&result=true`, { body })).json;
}

/** An action that tells when it was loaded, called once by a schedule: its record, and what the schedule says. */
async function firstRun(): Promise<{ record: Loose; history: Loose[]; date: number }> {
  const [trigger, action] = [fresh("soon"), fresh("first")];
  const source = "const loaded = Date.now(); function main() { return { loaded }; }";
  // A namespace may fill a tenth of a host with what is prepared.
  await make(`actions/${action}`, code(source, { limits: { memory: 128 } }));
  await make(`triggers/${trigger}`, {});
  await make(`rules/${fresh("rule")}`, { trigger: `/_/${trigger}`, action: `/_/${action}` });
  const date = Date.now() + SOON_MS;
  expect(await feed("CREATE", trigger, { date })).toEqual({ status: "success" });
  const runs = () => ask("GET", `activations?name=${action}&docs=true`);
  await expect.poll(async () => (await runs()).json.length).toBe(1);
  const history = () => feed("READ", trigger).then(({ schedule }) => schedule.history as Loose[]);
  const ended = (each: Loose) => each.outcome === "fired";
  await expect.poll(async () => (await history()).some(ended)).toBe(true);
  return { record: (await runs()).json[0], history: await history(), date };
}

line("6.16", "the first run of a scheduled action is warm: its container was prepared", async () => {
  // Where the machine is so full that there is no room, the schedule says so, and it is tried again.
  for (let tries = 1; ; tries++) {
    const { record, history, date } = await firstRun();
    const short = history.find((each) => each.outcome === "unprepared");
    if (short !== undefined && tries < 3) continue;
    expect(short).toBeUndefined();
    expect(annotation(record, "initTime")).toBeUndefined();
    expect(record.response.result.loaded).toBeLessThan(date);
    return;
  }
});
