// Moments as people type them: so long ago, a date, or epoch ms.

import { checkedText, readable } from "../../program/options.ts";

/** ms before now, or epoch ms. */
export type Moment = { ago: number } | { at: number };

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const EXPECTED = "so long ago (90s, 30m, 2h, 7d), a date (2026-10-28, 2026-10-28T09:00Z) or epoch milliseconds";

export function momentIn(text: string): Moment | null {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return { ago: Number(count) * (UNITS[unit] ?? 0) };
  if (/^\d{10,15}$/.test(text)) return { at: Number(text) };
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  const at = isDate ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : { at };
}

export function epochOf(moment: Moment, now: number): number {
  return "at" in moment ? moment.at : now - moment.ago;
}

/** An option that takes one. */
export function momentOption(summary: string, defaultText?: string) {
  const options = defaultText === undefined ? {} : { defaultText };
  return checkedText(readable(momentIn, EXPECTED), "TIME", `${summary}: ${EXPECTED}`, options);
}
