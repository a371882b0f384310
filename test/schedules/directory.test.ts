// A namespace with more schedules than its first object takes: each has one place, and is found, changed and taken away
// there.

import { expect, test } from "vitest";
import { FIRST_HOLDS, ScheduleCore } from "../../durable-objects/schedule/core.ts";
import type { SchedulePlan } from "../../src/entities/schedule.ts";
import { SCHEDULE_SHARDS, type ScheduleRpc } from "../../src/protocol/schedule.ts";
import { ScheduleDirectory } from "../../src/schedules/directory.ts";
import { Clock, openDatabase } from "../durable-objects/clock.ts";

const PLAN: SchedulePlan = { timing: { kind: "alarm", cron: "0 0 1 1 *" }, payload: "{}", maxTriggers: -1 };
const NAMESPACE = { name: "ns", uuid: "uuid" };

/** The objects of a namespace, each with a database of its own; `told`: those that said that they keep schedules. */
function objects() {
  const clock = new Clock();
  const cores = new Map<string, ScheduleCore>();
  const told: string[] = [];
  let names = 0;
  const coreOf = (name: string): ScheduleCore => {
    const known = cores.get(name);
    if (known !== undefined) return known;
    const made = new ScheduleCore(name, {
      ...{ database: openDatabase(), aheadMs: 0 },
      ports: {
        ...{ now: clock.now, after: clock.after, fresh: () => `${(++names).toString(16).padStart(4, "0")}-id` },
        ...{ warn: () => {}, setAlarm: () => {}, unprepared: () => {} },
        worker: {
          fireSlots: async (_, fires) => fires.map(() => ({ kind: "accepted" })),
          prepareSlots: async (_, triggers) => triggers.map(() => []),
          endTrigger: async () => {},
          scheduleObject: async (object) => void told.push(object),
        },
      },
    });
    cores.set(name, made);
    return made;
  };
  const open = (name: string): ScheduleRpc => {
    const core = coreOf(name);
    return {
      put: (schedule) => core.put(schedule),
      find: async (trigger) => core.find(trigger),
      pause: async (trigger, on) => core.pause(trigger, on),
      remove: async (trigger) => core.remove(trigger),
      wake: async () => core.wake(),
    };
  };
  return { directory: new ScheduleDirectory(NAMESPACE.uuid, open), cores, told };
}

test("the first object keeps five hundred, the others what is beyond, and whoever asks finds each", async () => {
  const { directory, cores, told } = objects();
  const put = (trigger: string, plan = PLAN, revision?: string) =>
    directory.put({
      ...{ trigger, plan, namespace: NAMESPACE, apiHost: "", shards: 4 },
      ...(revision === undefined ? {} : { revision }),
    });
  const names = Array.from({ length: FIRST_HOLDS + 300 }, (_, at) => `trigger-${at}`);
  for (const name of names) expect(await put(name)).toBe("put");
  const holds = (name: string) =>
    [...cores].flatMap(([object, core]) => (core.find(name).kind === "found" ? object : []));
  const places = new Map(names.map((name) => [name, holds(name)]));
  for (const [name, objectsOf] of places) expect([name, objectsOf.length]).toEqual([name, 1]);
  const first = names.filter((name) => places.get(name)?.[0] === "uuid:00");
  expect(first).toEqual(names.slice(0, FIRST_HOLDS));
  // All of them, one as much as another.
  expect(cores.size).toBe(SCHEDULE_SHARDS);
  expect(told.toSorted()).toEqual([...cores.keys()].toSorted());
  for (const object of cores.keys()) {
    const share = [...places.values()].filter(([place]) => place === object).length;
    expect(share).toBeGreaterThan(5);
  }
  for (const name of [names[0] ?? "", names.at(-1) ?? ""]) {
    const found = await directory.find(name);
    expect(found?.state.active).toBe(true);
    expect([await directory.pause(name, true), (await directory.find(name))?.state.active]).toEqual([true, false]);
    const changed = { ...PLAN, payload: '{"n":1}' as const };
    expect(await put(name, changed, (await directory.find(name))?.revision)).toBe("put");
    expect(await put(name, PLAN, found?.revision)).toBe("changed");
    expect([(await directory.find(name))?.plan.payload, holds(name).length]).toEqual(['{"n":1}', 1]);
    expect([await directory.remove(name), await directory.remove(name)]).toEqual([true, false]);
    expect([await directory.find(name), await directory.pause(name, true)]).toEqual([null, false]);
  }
  // There is room in the first again; what is new goes to the others all the same, where it is looked for.
  expect([await put("trigger-0"), holds("trigger-0").includes("uuid:00")]).toEqual(["put", false]);
  expect((await directory.find("trigger-0"))?.state.active).toBe(true);
});
