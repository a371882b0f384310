// What a schedule does next, and how it stands after that. Pure: now, plan and state are arguments. Each slot is fired
// under an id that follows from schedule and slot, so that whoever asks for the same slot again changes nothing.

import type { ActivationId } from "../entities/activation-id.ts";
import type { Misfire, Reason, SchedulePlan, ScheduleState, SlotNote, Timing, Trying } from "../entities/schedule.ts";
import { jitterOf, lastSlots, MAX_SLOTS, nextSlot, sameTiming } from "./slots.ts";

/** A slot this much later (ms) than it was due is missed: the policy says what becomes of it. */
export const TOLERANCE_MS = 30_000;
/** Slots that are made up for one after the other, the latest ones. */
export const MAX_CAUGHT_UP = 100;
const KEPT: Readonly<Record<Misfire, number>> = { skip: 0, once: 1, all: MAX_CAUGHT_UP };
/** ms after which a slot that does not come through is given up. */
const GIVE_UP_MS = 3_600_000;
/** As the alarms' provider does: after so many refusals because of too many fires it ends. */
const MAX_THROTTLED = 10;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** ms a slot waits for what the last fire has started. */
const MAX_HELD_MS = 24 * GIVE_UP_MS;
/** ms until it is asked again whether a run goes on. */
const ASK_AGAIN_MS = 1_000;

/** A schedule, and who it is: a name for its slots that no other schedule ever had. */
export interface TimedTrigger {
  id: string;
  plan: SchedulePlan;
  state: ScheduleState;
}

export type NextAct =
  /** Nothing to do before this epoch ms; null: never again. */
  | { kind: "sleep"; until: number | null; state: ScheduleState; notes: SlotNote[] }
  /** This slot is to be fired now. `due`: epoch ms, jitter included. */
  | { kind: "fire"; slot: number; due: number; state: ScheduleState; notes: SlotNote[] }
  /** Its trigger is to be deleted. */
  | { kind: "delete"; rules: boolean; state: ScheduleState; notes: SlotNote[] };

/** What became of a fire. */
export type SlotOutcome =
  | { kind: "accepted"; id: ActivationId; runs?: ActivationId[] }
  /** The trigger has no active rule. */
  | { kind: "idle" }
  /** What the last fire has started goes on. */
  | { kind: "busy" }
  /** `statusCode`: as HTTP would have it. */
  | { kind: "refused"; statusCode: number; text: string }
  /** The namespace is nobody's any more, or its owner is blocked. */
  | { kind: "barred"; text: string }
  /** Nobody knows. */
  | { kind: "unknown"; text: string };

/** How a schedule begins. */
export function begun(plan: SchedulePlan, now: number): ScheduleState {
  return { active: true, changed: now, cursor: now, left: plan.maxTriggers, missed: 0 };
}

/** Epoch ms at which it has something to do, or null. */
export function dueAt({ id, plan, state }: TimedTrigger): number | null {
  if (state.ending !== undefined) return state.ending.at;
  if (!state.active) return null;
  if (state.trying !== undefined) return state.trying.at;
  const slot = nextSlot(plan.timing, state.cursor);
  // That there is none any more has to be written down.
  return slot === null ? state.cursor : slot + jitterOf(plan, id, slot);
}

export function decide(schedule: TimedTrigger, now: number): NextAct {
  const { id, plan, state } = schedule;
  if (state.ending !== undefined && state.ending.at <= now) {
    return { kind: "delete", rules: state.ending.rules, state, notes: [] };
  }
  if (!state.active || state.ending !== undefined) return sleeping(schedule, state, []);
  const { trying } = state;
  if (trying !== undefined) {
    if (trying.at > now) return sleeping(schedule, state, []);
    return { kind: "fire", slot: trying.slot, due: trying.slot + jitterOf(plan, id, trying.slot), state, notes: [] };
  }
  const { state: caught, notes } = withoutMissed(schedule, now);
  const slot = nextSlot(plan.timing, caught.cursor);
  if (slot === null) return sleeping(schedule, ended(caught, { kind: "AUTO", message: lastText(plan) }, now), notes);
  const due = slot + jitterOf(plan, id, slot);
  return due > now ? sleeping(schedule, caught, notes) : { kind: "fire", slot, due, state: caught, notes };
}

/** How it stands when this has become of the slot. */
export function settle(
  { id, plan, state }: TimedTrigger,
  { slot, outcome, now }: { slot: number; outcome: SlotOutcome; now: number },
): { state: ScheduleState; notes: SlotNote[] } {
  const due = slot + jitterOf(plan, id, slot);
  if (slot <= state.cursor) return { state, notes: late(due, outcome, now) };
  const note = (what: Omit<SlotNote, "slot" | "at">): SlotNote => ({ slot: due, at: now, ...what });
  switch (outcome.kind) {
    case "accepted":
    case "idle": {
      const { trying: _, runs: __, ...rest } = state;
      const held = state.trying?.held === true ? { heldUntil: now } : {};
      const runs = plan.overlap === undefined || plan.overlap === "allow" ? undefined : runsOf(outcome);
      const left = state.left > 0 ? state.left - 1 : state.left;
      const next: ScheduleState = { ...rest, ...held, cursor: slot, left, ...(runs === undefined ? {} : { runs }) };
      const told =
        outcome.kind === "idle" ? note({ outcome: "idle", text: "No rule of the trigger is active." }) : null;
      return { state: afterFire(plan, next, now), notes: [told ?? note({ outcome: "fired", id: idOf(outcome) })] };
    }
    case "busy": {
      if (plan.overlap === "queue") {
        const why = "What the last fire has started goes on.";
        const since = state.trying?.since ?? now;
        const trying: Trying = { slot, tries: 0, throttled: 0, since, at: now + ASK_AGAIN_MS, why, held: true };
        if (now - since < MAX_HELD_MS) return { state: { ...state, trying }, notes: [] };
      }
      const text = "What the last fire had started went on.";
      return { state: passed(plan, state, { slot, now }), notes: [note({ outcome: "skipped", text })] };
    }
    case "barred":
      return refusal(state, { now, slot, reason: { kind: "AUTO", message: outcome.text }, note });
    case "refused": {
      const { statusCode } = outcome;
      if (statusCode === 429) return throttled(plan, state, { slot, now, note });
      if (statusCode < 400 || statusCode >= 500 || statusCode === 408 || statusCode === 409) {
        return again(plan, state, { slot, now, why: outcome.text, note });
      }
      const message = `Trigger automatically disabled: Received a ${statusCode} status code when firing the trigger`;
      return refusal(state, { now, slot, reason: { kind: "AUTO", statusCode, message }, note });
    }
    case "unknown":
      return again(plan, state, { slot, now, why: outcome.text, note });
  }
}

/** Its owner stops it for a while. */
export function paused(state: ScheduleState, now: number): ScheduleState {
  if (!state.active) return state;
  const { trying: _, ...rest } = state;
  return { ...rest, active: false, changed: now, reason: { kind: "USER", message: "Paused by its owner" } };
}

/** It goes on with what comes from now on; whatever it ended for. */
export function resumed(plan: SchedulePlan, state: ScheduleState, now: number): ScheduleState {
  const { reason: _, trying: __, heldUntil: ___, ending: ____, ...rest } = state;
  const left = state.left === 0 ? plan.maxTriggers : state.left;
  return { ...rest, active: true, changed: now, cursor: Math.max(now, state.cursor), left };
}

/** Its owner changes it. What is due already is not lost where the slots stay the same. */
export function revised(old: Omit<TimedTrigger, "id">, plan: SchedulePlan, now: number): ScheduleState {
  const goesOn = old.state.active && sameTiming(old.plan.timing, plan.timing);
  const state = goesOn ? { ...old.state, changed: now } : resumed(plan, old.state, now);
  return { ...state, left: plan.maxTriggers };
}

/** Its trigger could not be deleted yet. */
export function endingAgain(state: ScheduleState, now: number): ScheduleState {
  const { ending } = state;
  if (ending === undefined) return state;
  const tries = ending.tries + 1;
  return { ...state, ending: { ...ending, tries, at: now + Math.min(MAX_RETRY_MS, RETRY_MS * tries) } };
}

/** The slot was dealt with already: its owner changed the schedule while it was fired. */
function late(slot: number, outcome: SlotOutcome, at: number): SlotNote[] {
  return outcome.kind === "accepted" ? [{ slot, at, outcome: "fired", id: outcome.id }] : [];
}

type Note = (what: Omit<SlotNote, "slot" | "at">) => SlotNote;

function sleeping(schedule: TimedTrigger, state: ScheduleState, notes: SlotNote[]): NextAct {
  return { kind: "sleep", until: dueAt({ ...schedule, state }), state, notes };
}

/** Slots that nobody fired in time are dropped as the policy says; those behind a run that went on are not, but for the
 * oldest of very many. What is left begins behind the cursor. */
function withoutMissed({ plan, state }: TimedTrigger, now: number): { state: ScheduleState; notes: SlotNote[] } {
  const { timing, misfire = "once", jitter = 0 } = plan;
  const { heldUntil, ...rest } = state;
  if (heldUntil !== undefined) return drop(timing, rest, { upto: heldUntil, keep: MAX_CAUGHT_UP, how: "queue", now });
  const first = nextSlot(timing, state.cursor);
  const upto = now - TOLERANCE_MS - jitter * 1_000;
  if (first === null || first > upto || first <= (state.judged ?? 0)) return { state, notes: [] };
  return drop(timing, state, { upto, keep: KEPT[misfire], how: misfire, now });
}

/** Of the slots up to `upto` the latest few stay. */
function drop(
  timing: Timing,
  state: ScheduleState,
  { upto, keep, how, now }: { upto: number; keep: number; how: string; now: number },
): { state: ScheduleState; notes: SlotNote[] } {
  const slots = lastSlots(timing, { after: state.cursor, upto, max: MAX_SLOTS });
  const gone = slots.slice(0, Math.max(0, slots.length - keep));
  const judged = { ...state, judged: upto };
  const last = gone.at(-1);
  if (last === undefined) return { state: judged, notes: [] };
  const many = slots.length >= MAX_SLOTS ? " or more" : "";
  const text = `${gone.length}${many} of the slots since ${new Date(gone[0] ?? last).toISOString()} passed without a fire (${how}).`;
  const note: SlotNote = { slot: last, at: now, outcome: "missed", text };
  return { state: { ...judged, cursor: last, missed: state.missed + gone.length }, notes: [note] };
}

function afterFire({ timing }: SchedulePlan, state: ScheduleState, now: number): ScheduleState {
  // It was paused meanwhile.
  if (!state.active) return state;
  if (timing.kind === "once") {
    const { deleteAfterFire = "false" } = timing;
    if (deleteAfterFire === "false") {
      return ended(state, { kind: "AUTO", message: "Automatically disabled after firing once" }, now);
    }
    const marked = ended(state, { kind: "AUTO", message: "Marked for deletion" }, now);
    return { ...marked, ending: { rules: deleteAfterFire === "rules", tries: 0, at: now } };
  }
  if (state.left === 0) {
    return ended(state, { kind: "AUTO", message: "Automatically disabled after reaching max triggers" }, now);
  }
  if (nextSlot(timing, state.cursor) !== null) return state;
  return ended(state, { kind: "AUTO", message: lastText({ timing }) }, now);
}

function lastText({ timing }: Pick<SchedulePlan, "timing">): string {
  const what = timing.kind === "alarm" ? "cron" : "interval";
  return `Automatically disabled after firing last scheduled ${what} trigger`;
}

function ended(state: ScheduleState, reason: Reason, now: number): ScheduleState {
  const { trying: _, ...rest } = state;
  return { ...rest, active: false, changed: now, reason };
}

/** The slot is over without a fire; the next ones are not. */
function passed(plan: SchedulePlan, state: ScheduleState, { slot, now }: { slot: number; now: number }): ScheduleState {
  const { trying: _, ...rest } = state;
  return afterFire(plan, { ...rest, cursor: slot }, now);
}

function refusal(
  state: ScheduleState,
  { now, reason, note }: { now: number; slot: number; reason: Reason; note: Note },
): { state: ScheduleState; notes: SlotNote[] } {
  return { state: ended(state, reason, now), notes: [note({ outcome: "failed", text: reason.message })] };
}

function throttled(
  plan: SchedulePlan,
  state: ScheduleState,
  { slot, now, note }: { slot: number; now: number; note: Note },
): { state: ScheduleState; notes: SlotNote[] } {
  const times = (state.trying?.throttled ?? 0) + 1;
  if (times > MAX_THROTTLED) {
    const message = "Automatically disabled after continuously receiving a 429 status code when firing the trigger";
    return refusal(state, { now, slot, reason: { kind: "AUTO", statusCode: 429, message }, note });
  }
  const why = "The namespace has fired too often; the fire is tried again.";
  const wait = Math.max(RETRY_MS, 1_000 * times ** 2);
  return again(plan, state, { slot, now, why, note, throttled: times, wait });
}

function again(
  plan: SchedulePlan,
  state: ScheduleState,
  asked: { slot: number; now: number; why: string; note: Note; throttled?: number; wait?: number },
): { state: ScheduleState; notes: SlotNote[] } {
  const { slot, now, why, note } = asked;
  if (!state.active) return { state, notes: [] };
  // The wait behind a run is no failure.
  const before = state.trying?.held === true ? undefined : state.trying;
  const tries = (before?.tries ?? 0) + 1;
  const since = before?.since ?? now;
  if (now - since >= GIVE_UP_MS) {
    const next = passed(plan, { ...state, missed: state.missed + 1 }, { slot, now });
    return { state: next, notes: [note({ outcome: "failed", text: `Given up: ${why}` })] };
  }
  const wait = asked.wait ?? Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(tries - 1, 10));
  const trying = { slot, tries, throttled: asked.throttled ?? 0, since, at: now + wait, why };
  return { state: { ...state, trying }, notes: [] };
}

function runsOf(outcome: SlotOutcome): ActivationId[] {
  return outcome.kind === "accepted" ? (outcome.runs ?? []) : [];
}

function idOf(outcome: SlotOutcome): ActivationId {
  return outcome.kind === "accepted" ? outcome.id : "";
}
