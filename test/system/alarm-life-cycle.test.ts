// The life of an alarm as its feed is called: which checks come first, in upstream's words, and who may call.

import { beforeEach, describe, expect, it } from "vitest";
import type { ScheduleView } from "../../src/entities/schedule.ts";
import { triggerDocument } from "../../src/entities/trigger.ts";
import { newTrigger } from "../../src/entities/trigger-put.ts";
import { begun } from "../../src/schedules/machine.ts";
import { type AlarmCall, alarmFailure, type LifeCycleEvent, serveAlarm } from "../../src/system/alarm-life-cycle.ts";

const NOW = 1_800_000_000_000;
const NAMESPACE = { name: "guest", uuid: "n" };
const SETTINGS = { limitCronFields: false, delayLimit: 0, defaultStrict: false };
const CRON = { cron: "* * * * *" };
const SUCCESS = { statusCode: 200, body: '{"status":"success"}' };
const NOT_FOUND = alarmFailure(404, "could not find trigger /guest/t in the database");

function triggerText(): string {
  const made = newTrigger({}, { path: "guest", name: "t", updated: 1, revision: "r", writtenWith: "owner" });
  if (!made.ok) throw new Error(made.text);
  return triggerDocument(made.value);
}

let view: ScheduleView | null;
let stored: { type: string; document: string } | null;
let story: unknown[][];
/** Answers to `put`, the last one for good. */
let puts: ("put" | "full" | "changed")[];

beforeEach(() => {
  const plan = { timing: { kind: "alarm" as const, cron: "0 0 * * *" }, payload: "{}", maxTriggers: -1 };
  view = { plan, state: begun(plan, NOW), notes: [], next: [], revision: "r7" };
  [stored, story, puts] = [{ type: "trigger", document: triggerText() }, [], ["put"]];
});

function serve(event: LifeCycleEvent, args: object = {}, more: Partial<AlarmCall> = {}) {
  const call: AlarmCall = {
    ...{ event, trigger: "t", triggerName: "/guest/t", args: JSON.stringify(args), apiHost: "http://api", now: NOW },
    owner: async () => {
      story.push(["owner"]);
      return NAMESPACE;
    },
    ...more,
  };
  const schedules = {
    put: async (given: object) => {
      story.push(["put", given]);
      return puts.length > 1 ? puts.shift() : puts[0];
    },
    find: async () => view,
    remove: async (...given: unknown[]) => {
      story.push(["remove", ...given]);
      return view !== null;
    },
    pause: async (...given: unknown[]) => {
      story.push(["pause", ...given]);
      return view !== null;
    },
  };
  return serveAlarm(call, {
    entities: { get: async () => stored as never },
    alarms: { settings: SETTINGS, shards: 4, schedules: () => schedules as never },
  });
}

const asked = (what: string) => story.filter(([each]) => each === what);

describe("an alarm that is made", () => {
  it("is kept for its trigger, with what each of its fires needs", async () => {
    expect(await serve("CREATE", { ...CRON, trigger_payload: { a: 1 } })).toEqual(SUCCESS);
    expect(asked("put")).toMatchObject([
      [
        "put",
        {
          ...{ trigger: "t", namespace: NAMESPACE, apiHost: "http://api", shards: 4 },
          plan: { timing: { kind: "alarm", cron: "* * * * *" }, payload: '{"a":1}', maxTriggers: -1 },
        },
      ],
    ]);
    expect(asked("put")[0]?.[1]).not.toHaveProperty("revision");
  });

  it("is refused for its parameters before anybody asks whose trigger it is", async () => {
    expect(await serve("CREATE", {})).toEqual(alarmFailure(400, "alarms trigger feed is missing the cron parameter"));
    expect(story).toEqual([]);
  });

  it.each([401, 403, 404])("is refused to who is not let in, with %d", async (statusCode) => {
    const answer = await serve("CREATE", CRON, { owner: async () => statusCode });
    expect(answer).toEqual(alarmFailure(statusCode, "Trigger authentication request failed."));
    expect(asked("put")).toEqual([]);
  });

  it("is refused for a trigger that is not there, or is none", async () => {
    stored = null;
    expect(await serve("CREATE", CRON)).toEqual(alarmFailure(404, "Trigger authentication request failed."));
    for (const other of [
      { type: "rule", document: triggerText() },
      { type: "trigger", document: "{}" },
    ]) {
      stored = other;
      expect(await serve("CREATE", CRON)).toEqual(alarmFailure(409, "Trigger authentication request failed."));
    }
    expect(asked("put")).toEqual([]);
  });

  it("is refused where there are too many", async () => {
    puts = ["full"];
    expect(await serve("CREATE", CRON)).toEqual(alarmFailure(429, "the namespace has as many alarms as it can have"));
  });
});

describe("an alarm that is there", () => {
  it("is read with what it is and how it stands", async () => {
    const { statusCode, body } = await serve("READ");
    expect([statusCode, JSON.parse(body)]).toMatchObject([
      ...[200, { config: { name: "t", namespace: "guest", cron: "0 0 * * *" }, status: { active: true } }],
    ]);
  });

  it("is paused and goes on again", async () => {
    expect([await serve("PAUSE"), await serve("UNPAUSE")]).toEqual([SUCCESS, SUCCESS]);
    expect(asked("pause")).toEqual([
      ["pause", "t", true],
      ["pause", "t", false],
    ]);
  });

  it("is deleted, also when its trigger is gone before it", async () => {
    stored = null;
    expect(await serve("DELETE")).toEqual(SUCCESS);
    expect(asked("remove")).toEqual([["remove", "t"]]);
    expect(await serve("DELETE", {}, { owner: async () => 403 })).toMatchObject({ statusCode: 403 });
  });

  it.each(["READ", "PAUSE", "UNPAUSE", "UPDATE"] as const)("needs its trigger for %s", async (event) => {
    stored = null;
    expect(await serve(event, CRON)).toMatchObject({
      statusCode: 404,
      body: expect.stringContaining("authentication"),
    });
  });
});

describe("an alarm that is not there", () => {
  it.each(["READ", "DELETE", "PAUSE", "UNPAUSE", "UPDATE"] as const)("is told so for %s", async (event) => {
    view = null;
    expect(await serve(event, CRON)).toEqual(NOT_FOUND);
  });
});

describe("an alarm that is changed", () => {
  it("keeps the rest, and is written over what was read", async () => {
    expect(await serve("UPDATE", CRON)).toEqual(SUCCESS);
    expect(asked("put")).toMatchObject([
      ["put", { revision: "r7", plan: { timing: { cron: "* * * * *" }, payload: "{}" }, shards: 4 }],
    ]);
  });

  it("is refused for its parameters after its owner was asked", async () => {
    expect(await serve("UPDATE", {})).toEqual(alarmFailure(400, "no updatable parameters were specified"));
    expect(story).toEqual([["owner"]]);
  });

  it("is tried again while others change it, five times at most", async () => {
    puts = ["changed", "changed", "changed", "changed", "put"];
    expect([await serve("UPDATE", CRON), asked("put").length]).toEqual([SUCCESS, 5]);
    puts = ["changed"];
    story.length = 0;
    const failed = alarmFailure(409, "there was an error while updating the trigger in the database.");
    expect([await serve("UPDATE", CRON), asked("put").length]).toEqual([failed, 5]);
  });
});
