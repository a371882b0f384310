// The slots of a schedule: the instants (epoch ms) at which it is to fire. Pure; a slot of five or six cron fields is a
// time on a clock of its time zone, whatever daylight saving does to that: a fixed time that does not exist fires when
// the gap is over, one that comes twice fires once; what comes at intervals comes by the clock's own pace.

import { Cron } from "croner";
import type { GivenDate, SchedulePlan, Timing } from "../entities/schedule.ts";

/** Slots looked at in one go: what is counted as missed. */
export const MAX_SLOTS = 500;
const MINUTE_MS = 60_000;
/** Patterns kept ready to be asked. */
const MAX_KNOWN = 2_000;

const known = new Map<string, Cron>();

/** Throws where the pattern or the time zone is none. */
export function cronOf(pattern: string, timezone: string | undefined): Cron {
  const key = `${timezone ?? ""}\0${pattern}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = new Cron(pattern, {
    mode: "5-or-6-parts",
    // `5/15` is a pattern of the clients'.
    sloppyRanges: true,
    fixedTimeRule: "no-wildcard",
    timezone: timezone ?? "UTC",
    paused: true,
  });
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, made);
  return made;
}

export function epochOf(date: GivenDate): number {
  return new Date(date).getTime();
}

/** The first slot later than `after`, or null if there is none any more. */
export function nextSlot(timing: Timing, after: number): number | null {
  const slot = firstAfter(timing, after);
  const stop = stopOf(timing);
  return slot === null || slot > stop ? null : slot;
}

/** The latest slots later than `after` and at most `upto`, `max` of them; earliest first. */
export function lastSlots(
  timing: Timing,
  { after, upto, max }: { after: number; upto: number; max: number },
): number[] {
  const until = Math.min(upto, stopOf(timing));
  if (timing.kind === "once") {
    const date = epochOf(timing.date);
    return max > 0 && date > after && date <= until ? [date] : [];
  }
  const from = Math.max(after, epochOf(timing.startDate ?? 0) - 1);
  if (max === 0 || until <= from) return [];
  const most = Math.min(max, MAX_SLOTS);
  if (timing.kind === "interval") return lastOfInterval(timing, { from, until, max: most });
  const cron = cronOf(patternOf(timing), timing.timezone);
  // What it is asked for lies before a full second: the one after `until` is asked.
  const before = new Date((Math.floor(until / 1_000) + 1) * 1_000);
  const found = cron.previousRuns(most, before).map((date) => date.getTime());
  return found.filter((slot) => slot > from && slot <= until).reverse();
}

/** The next slots later than `after`, `count` at most. */
export function comingSlots(timing: Timing, after: number, count: number): number[] {
  const slots: number[] = [];
  for (let at = nextSlot(timing, after); at !== null && slots.length < count; at = nextSlot(timing, at)) slots.push(at);
  return slots;
}

/** ms by which this slot is put off: the same whoever asks, and as if drawn by lot between slots and schedules. */
export function jitterOf({ jitter = 0 }: Pick<SchedulePlan, "jitter">, schedule: string, slot: number): number {
  if (jitter === 0) return 0;
  let hash = 2_166_136_261;
  for (const char of `${schedule} ${slot}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  // The last bits of what was hashed reach the first ones of the sum as well.
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) % (jitter * 1_000 + 1);
}

function firstAfter(timing: Timing, after: number): number | null {
  if (timing.kind === "once") {
    const date = epochOf(timing.date);
    return date > after ? date : null;
  }
  const start = epochOf(timing.startDate ?? 0);
  if (timing.kind === "interval") {
    const every = timing.minutes * MINUTE_MS;
    return after < start ? start : start + (Math.floor((after - start) / every) + 1) * every;
  }
  const from = new Date(Math.max(after, start - 1));
  return cronOf(patternOf(timing), timing.timezone).nextRun(from)?.getTime() ?? null;
}

function lastOfInterval(
  timing: Timing & { kind: "interval" },
  { from, until, max }: { from: number; until: number; max: number },
): number[] {
  const every = timing.minutes * MINUTE_MS;
  const start = epochOf(timing.startDate);
  const last = start + Math.floor((until - start) / every) * every;
  const slots: number[] = [];
  for (let slot = last; slot > from && slot >= start && slots.length < max; slot -= every) slots.push(slot);
  return slots.reverse();
}

function stopOf(timing: Timing): number {
  if (timing.kind === "once" || timing.stopDate === undefined) return Number.POSITIVE_INFINITY;
  return epochOf(timing.stopDate);
}

/** Whether two timings have the same slots. */
export function sameTiming(one: Timing, other: Timing): boolean {
  const key = (timing: Timing) =>
    timing.kind === "alarm"
      ? [patternOf(timing), timing.timezone, timing.startDate, timing.stopDate]
      : timing.kind === "interval"
        ? [timing.minutes, timing.startDate, timing.stopDate]
        : [timing.date];
  return one.kind === other.kind && JSON.stringify(key(one)) === JSON.stringify(key(other));
}

/** With its seconds, where it has some of its own. */
function patternOf({ cron, delay }: Timing & { kind: "alarm" }): string {
  return delay === undefined ? cron : `${delay} ${cron.trim()}`;
}
