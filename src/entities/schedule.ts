// When a trigger is to be fired, and how its schedule stands: plain data,
// as it lies in its object and goes between the parts.

import type { ActivationId } from "./activation-id.ts";
import type { RawJson } from "./raw-json.ts";

/** As its owner gave it: ISO 8601, or epoch ms. */
export type GivenDate = string | number;

/** What the operator says about all alarms. */
export interface AlarmSettings {
  /** No pattern names seconds. */
  limitCronFields: boolean;
  /** Patterns of five fields fire up to so many seconds after the full minute, each trigger at its own; 0:
   * at the full minute. */
  delayLimit: number;
  /** Whether a pattern is meant exactly where its owner does not say. */
  defaultStrict: boolean;
}

/** When a schedule fires. */
export type Timing =
  /** `delay`: seconds after the full minute, for five fields that need not be exact. */
  | {
      kind: "alarm";
      cron: string;
      timezone?: string;
      strict?: unknown;
      delay?: number;
      startDate?: GivenDate;
      stopDate?: GivenDate;
    }
  /** The first fire is at `startDate`. */
  | { kind: "interval"; minutes: number; startDate: GivenDate; stopDate?: GivenDate }
  | { kind: "once"; date: GivenDate; deleteAfterFire?: DeleteAfterFire };

/** What goes when it has fired: nothing, its trigger, or the trigger's rules as well. */
export type DeleteAfterFire = "false" | "true" | "rules";

/** What becomes of slots that passed while nobody could fire them: nothing; one fire for all; each,
 * the latest first to be kept. */
export type Misfire = "skip" | "once" | "all";

/** What becomes of a slot while what the last fire has started goes on: it fires; it does not; it waits. */
export type Overlap = "allow" | "skip" | "queue";

/** What its owner asked for. */
export interface SchedulePlan {
  timing: Timing;
  /** What the trigger is fired with: text of a JSON object. */
  payload: RawJson;
  /** Fires until it ends; -1: for ever. */
  maxTriggers: number;
  /** Seconds by which each slot is put off at most; how far follows from schedule and slot. */
  jitter?: number;
  /** Absent: "once". */
  misfire?: Misfire;
  /** Absent: "allow". */
  overlap?: Overlap;
}

/** Why a schedule does not fire any more. */
export interface Reason {
  /** "AUTO": the platform ended it; "USER": its owner paused it. */
  kind: "AUTO" | "USER";
  /** With which HTTP status a fire was refused. */
  statusCode?: number;
  message: string;
}

/** A slot that has not come through yet. Times are epoch ms. */
export interface Trying {
  slot: number;
  /** Fires that failed so far, and how many of them because there were too many. */
  tries: number;
  throttled: number;
  since: number;
  /** When it is tried again. */
  at: number;
  /** What it waits for. */
  why: string;
  /** Nothing is wrong: what the last fire has started goes on. */
  held?: true;
}

/** How a schedule stands. Times are epoch ms. */
export interface ScheduleState {
  active: boolean;
  /** When `active` last changed. */
  changed: number;
  reason?: Reason;
  /** All slots up to this one are dealt with. */
  cursor: number;
  /** Fires left; -1: no end. */
  left: number;
  /** Slots that passed without a fire, as far as they were counted. */
  missed: number;
  trying?: Trying;
  /** Slots up to here stood behind a run that went on: the policy for missed ones is not for them. */
  heldUntil?: number;
  /** The policy has been asked about slots up to here: what is left of them fires however late. */
  judged?: number;
  /** What the last fire has started, where that matters. */
  runs?: ActivationId[];
  /** It has fired for the last time, and its trigger has to go, with its rules or without. */
  ending?: { rules: boolean; tries: number; at: number };
}

/** What became of one slot. */
export interface SlotNote {
  /** Epoch ms at which it was due, jitter included. */
  slot: number;
  /** Epoch ms of the fire, or of the decision not to. */
  at: number;
  outcome: "fired" | "idle" | "skipped" | "missed" | "failed" | "unprepared";
  /** Of the trigger's activation. */
  id?: ActivationId;
  /** Why it is not "fired". */
  text?: string;
  /** Of what is "unprepared": no container was made ahead of the slot, which fires all the same. */
  shortage?: Shortage;
}

/** Why no container was made ahead of a fire. */
export interface Shortage {
  /** Path of the action. */
  function: string;
  /** MB of its container. */
  wanted: number;
  /** MB that were free for it where it was last asked for. */
  have: number;
  reason: string;
}

/** A schedule as its owner may see it. */
export interface ScheduleView {
  plan: SchedulePlan;
  state: ScheduleState;
  /** The latest first. */
  notes: SlotNote[];
  /** Epoch ms of the next fires. */
  next: number[];
  /** Changes with each write of its owner. */
  revision: string;
}
