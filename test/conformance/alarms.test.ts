// The feeds of /whisk.system/alarms, as clients call them, and fires of the real clock. Parity 6.13 to 6.35.

import { expect } from "vitest";
import {
  admin,
  annotation,
  ask,
  fresh,
  key,
  type Loose,
  line,
  make,
  namespace,
  pair,
  tenant,
  useApi,
} from "./suite.ts";

await useApi();

const ALARMS = "/api/v1/namespaces/whisk.system/actions/alarms";
const WEB = "/api/v1/web/whisk.system/alarmsWeb/alarmWebAction.http";
const HOUR = 3_600_000;

/** The call as the command line makes it: status, and the feed's own answer. */
async function feed(kind: string, event: string, trigger: string, params: object = {}) {
  const body = { ...params, lifecycleEvent: event, triggerName: `/_/${trigger}`, authKey: key(1) };
  const { status, json } = await ask("POST", `${ALARMS}/${kind}?blocking=true&result=false`, { body });
  return { status, result: json.response?.result as Loose };
}

async function made(kind: string, params: object): Promise<string> {
  const trigger = fresh("alarm");
  await make(`triggers/${trigger}`, { annotations: [pair("feed", `/whisk.system/alarms/${kind}`)] });
  expect(await feed(kind, "CREATE", trigger, params)).toEqual({ status: 200, result: { status: "success" } });
  return trigger;
}

async function refusal(kind: string, params: object): Promise<string> {
  const trigger = fresh("alarm");
  await make(`triggers/${trigger}`, {});
  const { status, result } = await feed(kind, "CREATE", trigger, params);
  expect([status, typeof result.error.error]).toEqual([502, "string"]);
  return result.error.error;
}

const read = async (trigger: string) => (await feed("alarm", "READ", trigger)).result;

/** Asks until it is so; the clock of these cases is the real one. */
async function until<T>(look: () => Promise<T>, good: (found: T) => boolean): Promise<T> {
  for (const end = Date.now() + 100_000; ; ) {
    const found = await look();
    if (good(found) || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const activationsOf = async (trigger: string): Promise<Loose[]> =>
  (await ask("GET", `activations?name=${trigger}&docs=true&limit=200`)).json;

async function ruleFor(trigger: string): Promise<{ rule: string; action: string }> {
  const [rule, action] = [fresh("rule"), fresh("act")];
  const exec = { kind: "nodejs:default", code: "function main(args) { return args; }" };
  await make(`actions/${action}`, { exec });
  await make(`rules/${rule}`, { trigger: `/_/${trigger}`, action: `/_/${action}` });
  return { rule, action };
}

line("6.13 6.14 6.15 6.16 6.17 6.18 13.09", "the package and its feeds say what they take", async () => {
  const { json } = await ask("GET", "/api/v1/namespaces/whisk.system/packages/alarms");
  expect([json.publish, json.actions]).toEqual([true, []]);
  expect(json.feeds.map((each: Loose) => each.name).sort()).toEqual(["alarm", "interval", "once"]);
  expect(json.parameters.map((each: Loose) => each.key).sort()).toEqual(["apihost", "trigger_payload"]);
  const named: Record<string, string[]> = {
    alarm: ["cron", "timezone", "startDate", "stopDate", "strict", "maxTriggers", "trigger_payload"],
    once: ["date", "deleteAfterFire", "trigger_payload"],
    interval: ["minutes", "startDate", "stopDate", "trigger_payload"],
  };
  for (const [name, parameters] of Object.entries(named)) {
    const { json: action } = await ask("GET", `${ALARMS}/${name}`);
    expect(annotation(action, "feed")).toBe(true);
    expect(annotation(action, "parameters").map((each: Loose) => each.name)).toEqual(
      expect.arrayContaining(parameters),
    );
    const bound = { alarm: [], once: [pair("fireOnce", true)], interval: [pair("isInterval", true)] }[name];
    expect(action.parameters).toEqual(expect.arrayContaining(bound ?? []));
  }
  const web = await ask("GET", "/api/v1/namespaces/whisk.system/actions/alarmsWeb/alarmWebAction");
  expect(web.status).toBe(403);
});

line("6.19 6.28 6.29 6.30", "an alarm is made, read, changed and deleted", async () => {
  const startDate = Date.now() + HOUR;
  const stopDate = new Date(startDate + 5 * 24 * HOUR).toISOString();
  const trigger = await made("alarm", {
    ...{ cron: "*/30 9 * * 1-5", timezone: "America/New_York", startDate, stopDate, trigger_payload: "told" },
  });
  const { config, status } = await read(trigger);
  expect(config).toEqual({
    ...{ name: trigger, namespace: namespace(1), payload: { payload: "told" }, strict: false },
    ...{ cron: "*/30 9 * * 1-5", timezone: "America/New_York", startDate, stopDate },
  });
  expect(Object.keys(status)).toEqual(["active", "dateChanged", "dateChangedISO"]);
  expect(Math.abs(status.dateChanged - Date.now())).toBeLessThan(60_000);
  expect(status.dateChangedISO).toBe(`${new Date(status.dateChanged).toISOString().slice(0, 19)}Z`);
  const changes = { cron: "15 8 * * *", timezone: "Europe/Berlin", strict: true, trigger_payload: { n: 1 } };
  expect((await feed("alarm", "UPDATE", trigger, changes)).result).toEqual({ status: "success" });
  const { trigger_payload: payload, ...rest } = changes;
  expect((await read(trigger)).config).toMatchObject({ ...rest, payload, startDate, stopDate });
  expect((await feed("alarm", "DELETE", trigger)).result).toEqual({ status: "success" });
  expect(await feed("alarm", "READ", trigger)).toEqual({
    status: 502,
    result: { error: { error: `could not find trigger /${namespace(1)}/${trigger} in the database` } },
  });
});

line("6.17 6.18 6.25 6.27 6.31", "interval and once have their own fields, and only those change", async () => {
  const before = Date.now();
  const interval = await made("interval", { minutes: "2" });
  const { config } = await read(interval);
  expect([config.minutes, config.payload]).toEqual([2, { payload: "" }]);
  expect(config.startDate).toBeGreaterThanOrEqual(before + 30_000);
  expect(config.startDate).toBeLessThanOrEqual(Date.now() + 30_000);
  expect((await feed("interval", "UPDATE", interval, { minutes: 3 })).status).toBe(200);
  expect((await read(interval)).config.minutes).toBe(3);
  const date = Date.now() + HOUR;
  const once = await made("once", { date, deleteAfterFire: "true" });
  expect((await read(once)).config).toMatchObject({ date, deleteAfterFire: "true" });
  expect((await feed("once", "UPDATE", once, { startDate: date, stopDate: date })).result).toEqual({
    error: { error: "no updatable parameters were specified" },
  });
  for (const event of ["READ", "UPDATE", "DELETE"]) {
    const trigger = fresh("none");
    await make(`triggers/${trigger}`, {});
    const error = `could not find trigger /${namespace(1)}/${trigger} in the database`;
    expect((await feed("alarm", event, trigger, { cron: "* * * * *" })).result).toEqual({ error: { error } });
  }
  expect((await feed("alarm", "SOMETHING", once)).result).toEqual({ error: "unsupported lifecycleEvent" });
});

line("6.19 6.20 6.21 6.22 6.23 6.24", "what makes no sense is refused in upstream's words", async () => {
  const past = Date.now() - HOUR;
  const soon = Date.now() + HOUR;
  const cron = "* * * * *";
  const cases: [string, object, string][] = [
    ["alarm", {}, "alarms trigger feed is missing the cron parameter"],
    ["once", {}, "alarms once trigger feed is missing the date parameter"],
    ["interval", {}, "interval trigger feed is missing the minutes parameter"],
    ["alarm", { cron: "***" }, "cron pattern '***' is not valid"],
    ["alarm", { cron: "0 0 30 2 *" }, "cron pattern '0 0 30 2 *' is not valid: it never matches"],
    ["alarm", { cron, timezone: "America/RTP" }, "Invalid timezone."],
    [
      "alarm",
      { cron: "* * * * * *", limitCronFields: true },
      "cron pattern is limited to 5 fields with 1 minute as the finest granularity",
    ],
    ["once", { date: "tomorrow" }, "date parameter 'tomorrow' is not a valid Date"],
    ["once", { date: 2 ** 53 }, `date parameter '${2 ** 53}' is not a valid Date`],
    ["once", { date: past }, `date parameter '${past}' must be in the future`],
    ["alarm", { cron, startDate: past }, `startDate parameter '${past}' must be in the future`],
    [
      "interval",
      { minutes: 1, startDate: soon, stopDate: soon },
      `stopDate parameter '${soon}' must be greater than the startDate parameter '${soon}'`,
    ],
    [
      "alarm",
      { cron, maxTriggers: 1, stopDate: soon },
      "maxTriggers is not allowed when the stopDate parameter is specified",
    ],
    [
      "interval",
      { minutes: 1, maxTriggers: 1, stopDate: soon },
      "maxTriggers is not supported for the interval trigger feed",
    ],
    ["interval", { minutes: "five" }, "the minutes parameter must be an integer"],
    ["interval", { minutes: -1 }, "the minutes parameter must be an integer greater than zero"],
    [
      "alarm",
      { cron: "0 0 1 1 *", stopDate: Date.now() + 5_000 },
      "the first scheduled trigger fire is not until after the stop date",
    ],
    [
      "once",
      { date: soon, deleteAfterFire: "never" },
      "deleteAfterFire parameter must be one of [false, true, rules].",
    ],
  ];
  for (const [kind, params, error] of cases) expect([params, await refusal(kind, params)]).toEqual([params, error]);
  // How often: as said, else without end.
  for (const [given, shown] of [
    [{ maxTriggers: 2 }, 2],
    [{}, undefined],
    [{ maxTriggers: -1, stopDate: undefined }, undefined],
  ] as const) {
    const { config, schedule } = await read(await made("alarm", { cron, ...given, trigger_payload: '{"n":1}' }));
    expect([config.maxTriggers, schedule.firesLeft, config.payload]).toEqual([shown, shown, { payload: '{"n":1}' }]);
  }
});

line("6.15 6.26 6.30", "the web action takes a trigger's key as an argument", async () => {
  const given = { triggerName: "/invalidNamespace/invalidTrigger", authKey: "DoesNotWork" };
  const web = async (method: string, body: object) => {
    const answer = await ask(method, WEB, { body, key: null });
    return [answer.status, answer.json];
  };
  expect(await web("POST", { authKey: "DoesNotWork" })).toEqual([
    400,
    { error: "no trigger name parameter was provided" },
  ]);
  expect(await web("POST", given)).toEqual([400, { error: "alarms trigger feed is missing the cron parameter" }]);
  expect(await web("POST", { ...given, cron: "***" })).toEqual([400, { error: "cron pattern '***' is not valid" }]);
  const unauthorized = [401, { error: "Trigger authentication request failed." }];
  expect(await web("POST", { ...given, cron: "* * * * *" })).toEqual(unauthorized);
  expect(await web("DELETE", { ...given })).toEqual(unauthorized);
  const trigger = fresh("web");
  await make(`triggers/${trigger}`, {});
  const own = { triggerName: `/${namespace(1)}/${trigger}`, authKey: key(1) };
  expect(await web("POST", { ...own, authKey: key(2), cron: "0 0 1 1 *" })).toEqual([403, unauthorized[1]]);
  expect(await web("POST", { ...own, cron: "0 0 1 1 *" })).toEqual([200, { status: "success" }]);
  const query = new URLSearchParams(own);
  const found = await ask("GET", `${WEB}?${query}`, { key: null });
  expect(found.json.config).toMatchObject({ name: trigger, cron: "0 0 1 1 *" });
  // Nobody said what it tells, not even the package.
  expect(found.json.config.payload).toEqual({});
  expect(await web("PUT", { ...own, cron: "0 0 2 1 *" })).toEqual([200, { status: "success" }]);
  expect(await web("DELETE", own)).toEqual([200, { status: "success" }]);
  expect(await web("PATCH", own)).toEqual([400, { error: "unsupported lifecycleEvent" }]);
});

line("6.16 6.32", "alarms fire to the second, in the name of the namespace, and stop after maxTriggers", async () => {
  const trigger = await made("alarm", { cron: "* * * * * *", maxTriggers: 3, trigger_payload: { from: "alarm" } });
  const { action } = await ruleFor(trigger);
  const { status, schedule } = await until(
    () => read(trigger),
    (found) => found.status.active === false,
  );
  expect([status.active, status.reason]).toEqual([
    false,
    { kind: "AUTO", message: "Automatically disabled after reaching max triggers" },
  ]);
  // Whether there was room for a container ahead of them is another matter.
  const slots = schedule.history.filter((each: Loose) => each.outcome !== "unprepared");
  expect([schedule.firesLeft, schedule.next, slots.length]).toEqual([0, [], 3]);
  const fired = slots.filter((each: Loose) => each.outcome === "fired");
  const records = await until(
    () => activationsOf(trigger),
    (found) => found.length >= fired.length,
  );
  expect(new Set(records.map((each) => each.activationId))).toEqual(
    new Set(fired.map((each: Loose) => each.activationId)),
  );
  for (const record of records) expect(record.response.result).toEqual({ from: "alarm" });
  const runs = await until(
    () => activationsOf(action),
    (found) => found.length >= fired.length,
  );
  expect(runs.map((each) => each.response.result.from)).toEqual(fired.map(() => "alarm"));
});

line("6.17 6.34", "once fires once; then its trigger goes, with its rules where that is wished", async () => {
  const date = Date.now() + 3_000;
  const kept = await made("once", { date });
  const alone = await made("once", { date, deleteAfterFire: "true" });
  const all = await made("once", { date, deleteAfterFire: "rules" });
  const [one, other] = [await ruleFor(alone), await ruleFor(all)];
  const gone = (path: string) =>
    until(
      async () => (await ask("GET", path)).status,
      (found) => found === 404,
    );
  expect(await gone(`triggers/${alone}`)).toBe(404);
  expect(await gone(`triggers/${all}`)).toBe(404);
  expect(await gone(`rules/${other.rule}`)).toBe(404);
  expect((await ask("GET", `rules/${one.rule}`)).status).toBe(200);
  const { status } = await until(
    () => read(kept),
    (found) => found.status.active === false,
  );
  expect(status.reason.message).toBe("Automatically disabled after firing once");
  for (const trigger of [alone, all]) {
    const records = await until(
      () => activationsOf(trigger),
      (found) => found.length > 0,
    );
    expect(records.length).toBe(1);
  }
});

line("6.32", "a trigger that is deleted under its alarm ends it, with the reason", async () => {
  const trigger = await made("alarm", { cron: "* * * * * *" });
  expect((await feed("alarm", "PAUSE", trigger)).status).toBe(200);
  const paused = await read(trigger);
  expect([paused.status.active, paused.status.reason.kind, paused.schedule.next]).toEqual([false, "USER", []]);
  await ask("DELETE", `triggers/${trigger}`);
  await make(`triggers/${trigger}`, {});
  expect((await feed("alarm", "UNPAUSE", trigger)).status).toBe(200);
  const again = await read(trigger);
  expect([again.status.active, again.schedule.next.length]).toEqual([true, 5]);
  // Its trigger must be there to be asked: after a slot without one there is one again.
  const { status } = await until(
    async () => {
      await ask("DELETE", `triggers/${trigger}`);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await make(`triggers/${trigger}`, {});
      return read(trigger);
    },
    (found) => found.status.active === false,
  );
  expect([status.active, status.reason]).toEqual([
    false,
    {
      kind: "AUTO",
      statusCode: 404,
      message: "Trigger automatically disabled: Received a 404 status code when firing the trigger",
    },
  ]);
});

line("6.16", "while what the last fire started goes on, slots pass or wait, as the alarm says", async () => {
  const action = fresh("slow");
  const wait = "new Promise((done) => setTimeout(() => done(args), 2500))";
  await make(`actions/${action}`, {
    exec: { kind: "nodejs:default", code: `function main(args) { return ${wait}; }` },
  });
  const sequence = fresh("steps");
  await make(`actions/${sequence}`, { exec: { kind: "sequence", components: [`/_/${action}`] } });
  const alarms: string[] = [];
  for (const [overlap, called] of [
    ["skip", action],
    ["queue", sequence],
  ]) {
    const trigger = fresh("alarm");
    await make(`triggers/${trigger}`, {});
    await make(`rules/${fresh("rule")}`, { trigger: `/_/${trigger}`, action: `/_/${called}` });
    const params = { cron: "* * * * * *", maxTriggers: 3, overlap };
    expect((await feed("alarm", "CREATE", trigger, params)).status).toBe(200);
    alarms.push(trigger);
  }
  const [skip, queue] = await Promise.all(
    alarms.map((trigger) =>
      until(
        () => read(trigger),
        (found) => found.status.active === false,
      ),
    ),
  );
  const outcomes = (found: Loose): string[] => found.schedule.history.map((each: Loose) => each.outcome).reverse();
  expect(outcomes(skip).filter((each) => each === "fired").length).toBe(3);
  expect(outcomes(skip).slice(0, 2)).toEqual(["fired", "skipped"]);
  expect(outcomes(queue)).toEqual(["fired", "fired", "fired"]);
  const times = queue.schedule.history.map((each: Loose) => Date.parse(each.slot));
  expect([times[0] - times[1], times[1] - times[2]]).toEqual([1_000, 1_000]);
  expect(queue.schedule.history[0].lateMs).toBeGreaterThan(2_500);
});

line(
  "6.32",
  "an owner who is blocked ends his alarms, and learns why when he is back",
  async () => {
    const { subject, key: own } = await tenant();
    const trigger = fresh("alarm");
    const call = (event: string, params: object = {}) =>
      ask("POST", `${ALARMS}/alarm?blocking=true&result=true`, {
        body: { ...params, lifecycleEvent: event, triggerName: trigger },
        key: own,
      });
    await ask("PUT", `triggers/${trigger}`, { body: {}, key: own });
    expect((await call("CREATE", { cron: "* * * * * *" })).status).toBe(200);
    const state = (blocked: boolean) => admin("POST", `identities/${subject}/${blocked ? "block" : "unblock"}`, {});
    const found = await until(
      async () => {
        expect((await state(true)).status).toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await state(false);
        return call("READ");
      },
      (answer) => answer.json.status?.active === false,
    );
    expect([found.json.status.active, found.json.status.reason]).toEqual([
      false,
      {
        kind: "AUTO",
        message: "Trigger automatically disabled: nobody has the namespace any more, or whoever has it is blocked",
      },
    ]);
  },
  { needs: "admin" },
);
