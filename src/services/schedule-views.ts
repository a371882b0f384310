// Schedules as their owners look at them, and what one would be.

import type { RawJson } from "../entities/raw-json.ts";
import type { AlarmSettings } from "../entities/schedule.ts";
import { ok, type Result } from "../errors.ts";
import { ScheduleDirectory } from "../schedules/directory.ts";
import { planOf } from "../schedules/feed-parameters.ts";
import { showSchedule } from "../schedules/show.ts";
import { comingSlots } from "../schedules/slots.ts";
import type { Handles } from "./handles.ts";

/** Runs that a preview tells. */
const PREVIEWED = 5;

/** What a feed is told of a schedule that is not made yet. */
export interface ScheduleWish {
  feed: "alarm" | "interval" | "once";
  /** Of the trigger: some schedules fire at a time of their own within the minute. */
  trigger?: string;
  fields: Readonly<Record<string, string>>;
}

interface Parts {
  readonly handles: Pick<Handles, "schedules">;
  readonly settings: { alarms: AlarmSettings };
}

export class ScheduleViews {
  readonly #shared: Parts;

  constructor(shared: Parts) {
    this.#shared = shared;
  }

  /** Text as the feeds' READ answers, or null if there is none. */
  async show(namespace: { name: string; uuid: string }, trigger: string): Promise<RawJson | null> {
    const { handles, settings } = this.#shared;
    const directory = new ScheduleDirectory(namespace.uuid, (name) => handles.schedules(name));
    const view = await directory.find(trigger);
    if (view === null) return null;
    return showSchedule(view, { name: trigger, namespace: namespace.name, settings: settings.alarms });
  }

  /** Epoch ms of the first fires, jitter aside. Fails with `bad-request` as the feed would. */
  preview({ feed, trigger = "", fields }: ScheduleWish, now: number): Result<number[]> {
    const kind = feed === "once" ? { fireOnce: true } : feed === "interval" ? { isInterval: true } : {};
    const about = { now, name: trigger, settings: this.#shared.settings.alarms };
    const plan = planOf({ fields: { ...fields, ...kind } }, about);
    return plan.ok ? ok(comingSlots(plan.value.timing, now, PREVIEWED)) : plan;
  }
}
