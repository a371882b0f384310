// Limits of a namespace as words of a command: NAME=VALUE, and back.

import type { z } from "zod";
import { LIMIT_NAMES, type LimitName, type Limits, LimitValues } from "../../../src/entities/administration.ts";
import { readable } from "../../program/options.ts";

export type LimitWord = readonly [name: LimitName, value: unknown];

/** "firesPerMinute=60", "allowedKinds=nodejs:20,blackbox", "storeActivations=false";
 * without a value it is taken away (null). */
export const LIMIT_WORD: z.ZodType<LimitWord, string> = readable(
  (text) => {
    const at = text.indexOf("=");
    const name = LIMIT_NAMES.find((each) => each === text.slice(0, at));
    if (name === undefined) return null;
    const value = text.slice(at + 1);
    if (value === "") return [name, null] as const;
    for (const candidate of candidatesOf(value)) {
      if (LimitValues.shape[name].safeParse(candidate).success) return [name, candidate] as const;
    }
    return null;
  },
  `NAME=VALUE, NAME being one of ${LIMIT_NAMES.join(", ")}`,
);

export function limitsText(limits: z.infer<typeof Limits>): string[] {
  return LIMIT_NAMES.flatMap((name) => (limits[name] === undefined ? [] : [`${name}=${String(limits[name])}`]));
}

/** What a value may be meant as, in the order in which they are tried. */
function candidatesOf(value: string): unknown[] {
  const words: Record<string, boolean> = { true: true, false: false };
  return [
    ...(/^\d{1,15}$/.test(value) ? [Number(value)] : []),
    ...(value in words ? [words[value]] : []),
    value,
    value.split(",").map((each) => each.trim()),
  ];
}
