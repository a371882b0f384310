// What is asked of the alarm feeds: by the routes and the feed actions that every client uses.

import { type Asked, ask, ownPath } from "./api.ts";
import { actionPath, isAlarm, ownNamespace, pathOf, pointOf } from "./entities.ts";

/** A schedule as GET /triggers/{name}/schedule shows it. */
export interface ScheduleShown {
  config: {
    cron?: string;
    timezone?: string;
    minutes?: number;
    date?: string | number;
    startDate?: string | number;
    stopDate?: string | number;
    maxTriggers?: number;
    payload?: unknown;
  };
  status: { active: boolean; dateChanged: number; reason?: { kind: string; message: string } };
  schedule: {
    /** ISO 8601. */
    next: string[];
    firesLeft?: number;
    missed: number;
    waiting?: { slot: string; again: string; tries: number; why: string };
    history: SlotShown[];
  };
}

export interface SlotShown {
  slot: string;
  outcome: "fired" | "idle" | "skipped" | "missed" | "failed" | "unprepared";
  lateMs?: number;
  activationId?: string;
  text?: string;
  reason?: string;
}

/** Status of an action's own error. */
const FEED_SAID_NO = 502;

export type AlarmFeed = "alarm" | "interval" | "once";

export interface NewSchedule {
  name: string;
  feed: AlarmFeed;
  /** What the feed takes: cron and timezone, minutes, or date. */
  timing: Record<string, string | number>;
  /** Text of a JSON object. */
  payload: string;
  /** What it starts; "": nothing yet. */
  target: string;
}

export function readSchedule(name: string, signal: AbortSignal): Promise<Asked<ScheduleShown>> {
  return ask<ScheduleShown>(ownPath("triggers", name, "schedule"), { signal });
}

/** ISO 8601 of the next runs, as the platform would make them. */
export function previewOf(
  feed: AlarmFeed,
  timing: Record<string, string | number>,
  signal: AbortSignal,
): Promise<Asked<{ next: string[] }>> {
  return ask<{ next: string[] }>(ownPath("schedules", "preview"), { query: { feed, ...timing }, signal });
}

/** As wsk does it: the trigger, its feed, its rule. What was made before something failed is taken away again. */
export async function makeSchedule(of: NewSchedule): Promise<Asked<unknown>> {
  const { name, feed, timing, payload, target } = of;
  const path = feedPathOf(feed);
  const annotations = [{ key: "feed", value: path }];
  const made = await ask(ownPath("triggers", name), { method: "PUT", body: { annotations } });
  if (!made.ok) return made;
  const begun = await callFeed(path, { name, event: "CREATE", timing, payload });
  const ruled =
    begun.ok && target !== ""
      ? await ask(ownPath("rules", `${name}-${pointOf(target).name}`), {
          method: "PUT",
          body: { trigger: `/_/${name}`, action: pathOf(pointOf(target)) },
        })
      : begun;
  if (!ruled.ok) await endTrigger({ name, feed: begun.ok ? path : null });
  return ruled;
}

export function pauseSchedule(of: { name: string; feed: string; on: boolean }): Promise<Asked<unknown>> {
  return callFeed(of.feed, { name: of.name, event: of.on ? "PAUSE" : "UNPAUSE" });
}

/** Its schedule goes first, so that nothing fires what is not there. Other feeds are told in the same way. */
export async function endTrigger({ name, feed }: { name: string; feed: string | null }): Promise<Asked<unknown>> {
  if (feed !== null) {
    const ended = await callFeed(feed, { name, event: "DELETE" });
    // The alarm feed itself says no where the schedule is gone already: no reason to keep its trigger.
    if (!ended.ok && !(isAlarm(feed) && ended.fault.status === FEED_SAID_NO)) return ended;
  }
  return ask(ownPath("triggers", name), { method: "DELETE" });
}

export function feedPathOf(feed: AlarmFeed): string {
  return `/whisk.system/alarms/${feed}`;
}

interface FeedCall {
  name: string;
  event: "CREATE" | "DELETE" | "PAUSE" | "UNPAUSE";
  timing?: Record<string, string | number>;
  payload?: string;
}

function callFeed(feed: string, { name, event, timing = {}, payload }: FeedCall): Promise<Asked<unknown>> {
  const told = JSON.stringify({ lifecycleEvent: event, triggerName: `/${ownNamespace()}/${name}`, ...timing });
  const body = payload === undefined ? told : `${told.slice(0, -1)},"trigger_payload":${payload}}`;
  return ask(actionPath(pointOf(feed)), { method: "POST", query: { blocking: true, result: true }, body });
}
