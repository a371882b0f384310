// A Schedule object's core on a clock that the test moves; what it says to the Worker is written down.

import { ScheduleCore } from "../../../durable-objects/schedule/core.ts";
import type { SchedulePlan, Shortage } from "../../../src/entities/schedule.ts";
import type { MetricsSender } from "../../../src/metrics/sender.ts";
import type { SlotFire, SlotFired } from "../../../src/protocol/schedule.ts";
import { dueAt } from "../../../src/schedules/machine.ts";
import { Clock, openDatabase, settle } from "../clock.ts";

const NAMESPACE = { name: "ns", uuid: "uuid" };
const AHEAD_MS = 5_000;
/** Turns of the event loop in which what is due must have been fired. */
const MAX_LOOKS = 5_000;

interface WorldOptions {
  /** ms before slots in which containers are prepared. */
  aheadMs?: number;
  /** Of an incarnation before. */
  database?: ReturnType<typeof openDatabase>;
  /** Of the object. */
  name?: string;
  /** Epoch ms at which it begins. */
  start?: number;
}

export function scheduleWorld({
  aheadMs = AHEAD_MS,
  database = openDatabase(),
  start,
  name = "uuid:00",
}: WorldOptions = {}) {
  const clock = new Clock();
  if (start !== undefined) clock.at = start;
  const began = clock.at;
  /** What was prepared and what was fired, with the ms since the beginning. */
  const said: [number, string, ...string[]][] = [];
  /** Slots that were fired, in order: epoch ms. */
  const slots: number[] = [];
  const events: object[] = [];
  /** Names of its schedules; those of an incarnation before are added. */
  const given = new Set<string>();
  let names = 0;
  let alarm = () => {};
  let prepare: (triggers: string[]) => Promise<Shortage[][]> = async (triggers) => triggers.map(() => []);
  let firing: (fire: SlotFire) => SlotFired | Promise<SlotFired> = () => ({ kind: "accepted" });
  /** By family, what was counted. */
  const counts: Record<string, number> = {};
  const meter = {
    count: (family: string, _labels: string[], by = 1) => {
      counts[family] = (counts[family] ?? 0) + by;
    },
    observe: (family: string) => meter.count(family, []),
  };
  const core = new ScheduleCore(name, {
    database,
    aheadMs,
    ports: {
      ...{ now: clock.now, after: clock.after, fresh: () => `${++names}000-id`, warn: () => {} },
      setAlarm: (at) => {
        alarm();
        alarm = clock.after(Math.max(0, at - clock.at), () => void core.alarm());
      },
      unprepared: (event) => events.push(event),
      counting: { meter, touch: () => undefined } as unknown as MetricsSender,
      worker: {
        fireSlots: async (_, fires) => {
          said.push([clock.at - began, "fired", ...fires.map(({ trigger }) => trigger)]);
          slots.push(...fires.map(({ slot }) => slot));
          return Promise.all(fires.map(firing));
        },
        prepareSlots: async (_, triggers) => {
          said.push([clock.at - began, "prepared", ...triggers]);
          return prepare(triggers);
        },
        endTrigger: async () => {},
        scheduleObject: async () => {},
      },
    },
  });
  const put = async (trigger: string, timing: SchedulePlan["timing"], more: Partial<SchedulePlan> = {}) => {
    given.add(trigger);
    const plan: SchedulePlan = { timing, payload: "{}", maxTriggers: -1, ...more };
    await core.put({ trigger, plan, namespace: NAMESPACE, apiHost: "", shards: 4 });
  };
  /** What is due has been fired. Throws where it never is. */
  const quiet = async () => {
    const left = () =>
      [...given].some((trigger) => {
        const found = core.find(trigger);
        const due = found.kind === "found" ? dueAt({ id: "", ...found.view }) : null;
        return due !== null && due <= clock.at;
      });
    for (let looks = 0; left(); looks++) {
      if (looks > MAX_LOOKS) throw new Error(`what is due is not fired, ${clock.at - began} ms after the beginning`);
      await settle();
    }
    await settle();
  };
  /** Step by step; what is due has been fired before the clock goes on. */
  const advance = async (ms: number, step = 1_000) => {
    for (let passed = 0; passed < ms; passed += step) {
      await clock.advance(step);
      await quiet();
    }
  };
  const preparing = (next: typeof prepare) => {
    prepare = next;
  };
  /** What becomes of each fire from now on. */
  const answering = (next: typeof firing) => {
    firing = next;
  };
  return { clock, given, advance, core, said, slots, events, counts, put, preparing, answering, database };
}
