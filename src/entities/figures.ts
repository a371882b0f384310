// What is counted of activations that have ended: how many, how they ended, how long they ran and waited. Figures of
// different times and places add up.

import type { ActivationRecord } from "./activation.ts";
import { addHistogram, addValue, type Histogram, percentiles } from "./histogram.ts";

/** How an activation ended: its status, except that what ran out of its time is told from
 * other faults of its developer. */
export const OUTCOMES = ["success", "application_error", "developer_error", "internal_error", "timeout"] as const;
export type OutcomeClass = (typeof OUTCOMES)[number];

/** Spans of time that are counted apart: how long each is (ms), and for how long it is kept.
 * A year has 365 days here. */
export const STEPS = {
  minute: { ms: 60_000, keptMs: 48 * 3_600_000 },
  hour: { ms: 3_600_000, keptMs: 90 * 86_400_000 },
  day: { ms: 86_400_000, keptMs: 730 * 86_400_000 },
} as const;
export type Step = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as Step[];

/** Whose figures: those of an action (a composition is one), of a trigger,
 * or of all that are beyond the most that are told apart. */
export interface FiguresKey {
  type: "action" | "trigger" | "other";
  /** `name` or `package/name`, as lists name it; "" for "other". */
  name: string;
}

export interface Figures {
  count: number;
  /** In the order of OUTCOMES. */
  outcomes: number[];
  /** Those that ran in a container, and of them those for which it had to be initialised. */
  started: number;
  cold: number;
  /** ms, of what ran. */
  duration: Histogram;
  /** ms between acceptance and start, of what ran. */
  wait: Histogram;
}

export function noFigures(): Figures {
  return { count: 0, outcomes: OUTCOMES.map(() => 0), started: 0, cold: 0, duration: {}, wait: {} };
}

/** Adds the second to the first. */
export function addFigures(to: Figures, from: Figures): void {
  to.count += from.count;
  to.started += from.started;
  to.cold += from.cold;
  for (const [at, count] of from.outcomes.entries()) to.outcomes[at] = (to.outcomes[at] ?? 0) + count;
  addHistogram(to.duration, from.duration);
  addHistogram(to.wait, from.wait);
}

/** One activation as figures. */
export function figuresOf(record: ActivationRecord): Figures {
  const figures = noFigures();
  figures.count = 1;
  figures.outcomes[OUTCOMES.indexOf(outcomeOf(record))] = 1;
  const { start = "none", waitMs } = record.meta ?? {};
  if (start !== "none") figures.started = 1;
  if (start === "cold" || start === "prewarmed") figures.cold = 1;
  // What never ran has no wait, and its duration says nothing.
  if (waitMs !== undefined) {
    addValue(figures.wait, waitMs);
    addValue(figures.duration, record.duration);
  }
  return figures;
}

export function outcomeOf(record: Pick<ActivationRecord, "statusCode" | "annotations">): OutcomeClass {
  if (record.statusCode === 2 && record.annotations.includes(TIMED_OUT)) return "timeout";
  return OUTCOMES[record.statusCode];
}

/** As the record's annotations say it. */
const TIMED_OUT = '{"key":"timeout","value":true}';

export function keyOf(record: ActivationRecord): FiguresKey {
  const type = record.meta?.kind === "trigger" ? "trigger" : "action";
  return { type, name: record.meta?.listName ?? record.name };
}

/** When it is counted: its end; a trigger's record has none. */
export function countedAt({ start, end }: Pick<ActivationRecord, "start" | "end">): number {
  return end > 0 ? end : start;
}

/** Figures as they are told. Times in ms; a share is from 0 to 1; null where there is nothing to tell. */
export interface ToldFigures {
  count: number;
  outcomes: Record<OutcomeClass, number>;
  started: number;
  cold: number;
  coldShare: number | null;
  duration: ToldPercentiles;
  wait: ToldPercentiles;
}

export interface ToldPercentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export function told({ count, outcomes, started, cold, duration, wait }: Figures): ToldFigures {
  const classes = OUTCOMES.map((name, at) => [name, outcomes[at] ?? 0]);
  return {
    count,
    outcomes: Object.fromEntries(classes) as Record<OutcomeClass, number>,
    started,
    cold,
    coldShare: started === 0 ? null : Math.round((cold / started) * 10_000) / 10_000,
    duration: toldPercentiles(duration),
    wait: toldPercentiles(wait),
  };
}

function toldPercentiles(histogram: Histogram): ToldPercentiles {
  const [p50 = null, p95 = null, p99 = null] = percentiles(histogram, [0.5, 0.95, 0.99]);
  return { p50, p95, p99 };
}
