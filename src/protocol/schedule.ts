// What the Worker and the Schedule objects ask of each other. Expected failures are values; a thrown error means that
// the outcome is unknown: what is asked again with the same slot or revision changes nothing.

import type { ActivationId } from "../entities/activation-id.ts";
import type { RawJson } from "../entities/raw-json.ts";
import type { SchedulePlan, ScheduleView, Shortage } from "../entities/schedule.ts";

/** Schedule objects of a namespace: the first keeps all, until it has as many as it likes;
 * the others take what is beyond. */
export const SCHEDULE_SHARDS = 16;

/** The `cron` with which the Worker's scheduled handler is called where it looks after nothing but lost alarms. */
export const SCHEDULES_ONLY = "schedules";

/** The name of a Schedule object. Its first one is 0. */
export function scheduleObjectOf(namespaceId: string, shard: number): string {
  return `${namespaceId}:${shard.toString(16).padStart(2, "0")}`;
}

/** The shard for a trigger that the first one does not keep. */
export function overflowShardOf(trigger: string): number {
  let hash = 0;
  for (let at = 0; at < trigger.length; at++) hash = Math.imul(hash, 31) + trigger.charCodeAt(at);
  return 1 + (Math.abs(hash) % (SCHEDULE_SHARDS - 1));
}

/** A schedule to be written for a trigger. */
export interface PutSchedule {
  trigger: string;
  plan: SchedulePlan;
  namespace: { name: string; uuid: string };
  /** Scheme and host under which its owner reached this platform. */
  apiHost: string;
  /** Of the view that is changed; absent: it is made anew, whatever was there. */
  revision?: string;
  /** Activation stores of a namespace. */
  shards: number;
}

/** "elsewhere": not kept here, ask the trigger's overflow shard. "full": there are too many. "changed":
 * somebody else was faster. */
export type PutScheduleReply = { kind: "put" } | { kind: "elsewhere" } | { kind: "full" } | { kind: "changed" };

/** "absent": `spilled`, it may be in its overflow shard. */
export type FoundSchedule = { kind: "found"; view: ScheduleView } | { kind: "absent"; spilled: boolean };

/** Of a Schedule object: one per namespace, and some more for very many. What it says is done is on the disk. */
export interface ScheduleRpc {
  put(schedule: PutSchedule): Promise<PutScheduleReply>;
  find(trigger: string): Promise<FoundSchedule>;
  /** Stops it for a while, or lets it go on. False if there is none. */
  pause(trigger: string, on: boolean): Promise<boolean>;
  /** False if there was none. */
  remove(trigger: string): Promise<boolean>;
  /** Looks whether something is due: the alarm may have been lost. False: it keeps nothing. */
  wake(): Promise<boolean>;
}

/** One slot to be fired. */
export interface SlotFire {
  id: ActivationId;
  /** Epoch ms. */
  slot: number;
  trigger: string;
  payload: RawJson;
  apiHost: string;
  /** It does not fire while one of these goes on. */
  unless?: ActivationId[];
  /** Whether it matters what it starts. */
  follow: boolean;
}

/** What became of it. `statusCode`: as HTTP would have it. */
export type SlotFired =
  | { kind: "accepted"; runs?: ActivationId[] }
  | { kind: "idle" }
  | { kind: "busy" }
  | { kind: "refused"; statusCode: number; text: string }
  | { kind: "barred"; text: string }
  | { kind: "unknown"; text: string };

/** Of the Worker, for Schedule objects. */
export interface ScheduleHelpRpc {
  /** Fires each by itself, in the name of the namespace. Answers in the same order, within a few seconds: what has not
   * come through by then is "unknown". */
  fireSlots(namespace: { name: string; uuid: string }, slots: SlotFire[]): Promise<SlotFired[]>;
  /** These triggers are about to fire: containers for their rules' actions are made where there is room. Answers in the
   * same order what was not made. */
  prepareSlots(namespace: { name: string; uuid: string }, triggers: string[]): Promise<Shortage[][]>;
  /** Deletes a trigger that has fired for the last time. */
  endTrigger(namespace: { name: string; uuid: string }, trigger: string, options: { rules: boolean }): Promise<void>;
  /** The object of this name begins to keep schedules: who looks after lost alarms is told. */
  scheduleObject(name: string): Promise<void>;
}
