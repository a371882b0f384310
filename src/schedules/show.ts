// What the feeds' READ answers: upstream's `config` and `status`, and beside them what more there is to say.

import { objectOf, type RawJson } from "../entities/raw-json.ts";
import type { AlarmSettings, SchedulePlan, ScheduleState, ScheduleView, SlotNote } from "../entities/schedule.ts";

/** Text of a JSON object. What is undefined is left out, as upstream's answer does. */
export function showSchedule(
  view: ScheduleView,
  { name, namespace, settings }: { name: string; namespace: string; settings: Pick<AlarmSettings, "defaultStrict"> },
): RawJson {
  const { plan, state, notes, next } = view;
  const config: [string, unknown][] = [
    ["name", name],
    ["namespace", namespace],
    ["strict", plan.timing.kind === "alarm" ? (plan.timing.strict ?? settings.defaultStrict) : settings.defaultStrict],
    ...timingMembers(plan),
    ...(plan.maxTriggers === -1 ? [] : [["maxTriggers", plan.maxTriggers] as [string, unknown]]),
    ["jitter", plan.jitter],
    ["misfire", plan.misfire],
    ["overlap", plan.overlap],
  ];
  const more = {
    next: next.map(iso),
    ...(state.left === -1 ? {} : { firesLeft: state.left }),
    missed: state.missed,
    ...(state.trying === undefined ? {} : { waiting: waitingOf(state.trying) }),
    history: notes.map(historyOf),
  };
  const members = (pairs: [string, unknown][]): [string, RawJson][] =>
    pairs.filter(([, value]) => value !== undefined).map(([key, value]) => [key, JSON.stringify(value)]);
  return objectOf([
    ["config", objectOf([...members(config), ["payload", plan.payload]])],
    ["status", JSON.stringify(statusOf(state))],
    ["schedule", JSON.stringify(more)],
  ]);
}

function timingMembers({ timing }: SchedulePlan): [string, unknown][] {
  switch (timing.kind) {
    case "once":
      return [
        ["date", timing.date],
        ["deleteAfterFire", timing.deleteAfterFire],
      ];
    case "interval":
      return [
        ["startDate", timing.startDate],
        ["stopDate", timing.stopDate],
        ["minutes", timing.minutes],
      ];
    case "alarm":
      return [
        ["startDate", timing.startDate],
        ["stopDate", timing.stopDate],
        ["cron", timing.cron],
        ["timezone", timing.timezone],
      ];
  }
}

function statusOf({ active, changed, reason }: ScheduleState): object {
  return {
    active,
    dateChanged: changed,
    dateChangedISO: `${new Date(changed).toISOString().slice(0, 19)}Z`,
    ...(reason === undefined ? {} : { reason }),
  };
}

function waitingOf({ slot, since, at, tries, why }: NonNullable<ScheduleState["trying"]>): object {
  return { slot: iso(slot), since: iso(since), again: iso(at), tries, why };
}

function historyOf({ slot, at, outcome, id, text, shortage }: SlotNote): object {
  if (shortage !== undefined) {
    const { function: name, wanted, have, reason } = shortage;
    return { slot: iso(slot), outcome, function: name, wantedMb: wanted, haveMb: have, reason };
  }
  return {
    slot: iso(slot),
    outcome,
    lateMs: at - slot,
    ...(id === undefined ? {} : { activationId: id }),
    ...(text === undefined ? {} : { text }),
  };
}

/** Also of what no calendar has. */
function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
