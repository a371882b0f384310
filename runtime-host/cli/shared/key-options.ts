// Options about keys: names, ends, and times as people write them.

import type { z } from "zod";
import { Instant, KeyName, MAX_OVERLAP, NamespaceName } from "../../../src/entities/administration.ts";
import { ROLES } from "../../../src/entities/rights.ts";
import { isPattern } from "../../../src/entities/scope.ts";
import { checkedText, choice, readable, repeated, toggle, type ValuesOf } from "../../program/options.ts";
import { type CommandFailure, misused } from "./exit-codes.ts";

export const WHAT_NAMES = "names it may use: NAME, PACKAGE/NAME, or what they begin with and *, as in PACKAGE/*";
export const WHEN = "ISO 8601, or 90d, 12h, 30m from now";
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

export const NAMESPACE: z.ZodType<string, string> = checkedBy(NamespaceName, "a valid namespace name");
export const KEY_NAME: z.ZodType<string, string> = checkedBy(
  KeyName,
  "at most 63 letters, digits and _ . @ - or spaces, beginning with a letter or digit",
);

export const SCOPE: z.ZodType<string, string> = readable(
  (text) => (isPattern(text) ? text : null),
  "a name, PACKAGE/NAME, or what they begin with and *",
);

/** Epoch ms of an ISO time, or of so long from now. */
export const END: z.ZodType<number, string> = readable((text) => {
  const seconds = secondsOf(text);
  if (seconds !== null) return Date.now() + seconds * 1_000;
  const parsed = Instant.safeParse(text);
  return parsed.success ? parsed.data : null;
}, "a time such as 2027-01-31T00:00:00Z, or 90d, 12h, 30m from now");

/** s */
export const OVERLAP: z.ZodType<number, string> = readable(
  (text) => {
    const seconds = secondsOf(text);
    return seconds !== null && seconds <= MAX_OVERLAP ? seconds : null;
  },
  `a time such as 24h, 30m or 0s, at most ${MAX_OVERLAP / 86_400}d`,
);

/** Of "90d", "12h", "30m", "10s"; null: it is none. */
export function secondsOf(text: string): number | null {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (UNITS[unit] ?? 0);
}

function checkedBy(schema: z.ZodType<string>, expected: string): z.ZodType<string, string> {
  return readable((text) => (schema.safeParse(text).success ? text : null), expected);
}

/** What of a key is to be otherwise. */
export const CHANGES = {
  name: checkedText(KEY_NAME, "NAME", "what it is called from now on"),
  ends: checkedText(END, "TIME", `when it ends: ${WHEN}`),
  endless: toggle("it has no end"),
  role: choice(ROLES, `what it is for: ${ROLES.join(", ")}`, { placeholder: "ROLE" }),
  scope: repeated(SCOPE, "PATTERN", `${WHAT_NAMES}, instead of those it could use before`),
  unscoped: toggle("it may use all names"),
};

/** As the platform is told. */
export function changesOf(options: ValuesOf<typeof CHANGES>): { body: object } | CommandFailure {
  const { name, endless, role, scope: patterns, unscoped } = options;
  const ends = endless ? null : options.ends;
  if (unscoped && patterns.length > 0) return misused("--scope and --unscoped say different things");
  const scope = unscoped ? null : patterns.length > 0 ? patterns : undefined;
  const body = { name, ends, role, scope };
  if (Object.values(body).some((each) => each !== undefined)) return { body };
  return misused("what changes? Give --name, --ends, --endless, --role, --scope or --unscoped");
}
