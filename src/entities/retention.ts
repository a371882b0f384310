// How long records of activations are kept: by age, by number, by bytes. Pure; takes `now`.

import * as z from "zod";

const YEAR = 31_536_000;
/** Least seconds: a record is there for whoever has just heard its id. */
const MIN_AGE = 60;

/** Of a namespace or, by default, of all. What is absent takes the default's; null: no bound, whatever the default. */
export const RetentionPolicy = z.strictObject({
  /** Seconds after its start. */
  maxAge: z
    .number()
    .int()
    .min(MIN_AGE)
    .max(100 * YEAR)
    .nullable()
    .optional(),
  maxRecords: z.number().int().min(1).max(1e12).nullable().optional(),
  /** Of records, and of results and logs beside them. */
  maxBytes: z.number().int().min(1).max(1e15).nullable().optional(),
});
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;

export type RetentionBound = keyof RetentionPolicy;
export const RETENTION_BOUNDS: readonly RetentionBound[] = ["maxAge", "maxRecords", "maxBytes"];

/** What is in force; null: no bound. */
export type Retention = Record<RetentionBound, number | null>;

export function retentionOf(own: RetentionPolicy, standard: RetentionPolicy): Retention {
  const bound = (name: RetentionBound) => (own[name] === undefined ? standard[name] : own[name]) ?? null;
  return { maxAge: bound("maxAge"), maxRecords: bound("maxRecords"), maxBytes: bound("maxBytes") };
}

/** Bounds of the deployment beyond which this policy would keep records. What it does not say is the deployment's. */
export function beyondStandard(policy: RetentionPolicy, standard: RetentionPolicy): RetentionBound[] {
  return RETENTION_BOUNDS.filter((name) => {
    const [own, most] = [policy[name], standard[name]];
    return typeof most === "number" && (own === null || (own !== undefined && own > most));
  });
}

export function isBounded(policy: RetentionPolicy | Retention): boolean {
  return RETENTION_BOUNDS.some((name) => typeof policy[name] === "number");
}

/** Epoch ms: what started before is too old. It moves in steps of a hundredth of the age, so that nobody is told of it
 * all the time. */
export function keptFromAge(maxAge: number, now: number): number {
  const step = Math.max(MIN_AGE * 1000, maxAge * 10);
  return Math.max(0, Math.floor((now - maxAge * 1000) / step) * step);
}

/** One or several records that go together. */
export interface OldRecord {
  /** Epoch ms. */
  start: number;
  bytes: number;
}

/** From which start on records are kept, so that at least so many and so much of these (the oldest there are) go, and
 * no more than it takes; what has one start goes together. `bound`: of what starts there or later, some may not be
 * among them. `enough`: false where more must go than these. */
export function keptFromExcess(
  oldest: readonly OldRecord[],
  bound: number,
  excess: { records: number; bytes: number },
): { from: number; enough: boolean } {
  let { records, bytes } = excess;
  let from = 0;
  const sorted = oldest.toSorted((one, other) => one.start - other.start);
  for (const each of sorted) {
    if (records <= 0 && bytes <= 0 && each.start >= from) return { from, enough: true };
    if (each.start >= bound) break;
    from = each.start + 1;
    records--;
    bytes -= each.bytes;
  }
  return { from, enough: records <= 0 && bytes <= 0 };
}
