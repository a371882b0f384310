// What can be told to a program of ours: options as data, each with the flag, the variable, the default and the unit
// that its help and CONFIGURATION.md show, and with the check its value has to pass.

import * as z from "zod";

/** Of a whole number as text: as many as the largest has that is exact. */
const MAX_DIGITS = String(Number.MAX_SAFE_INTEGER).length;
const DIGITS = new RegExp(`^\\d{1,${MAX_DIGITS}}$`);

export interface Option<T> {
  /** What stands for the value in a help text, e.g. "URL"; null: a switch, which takes none. */
  readonly placeholder: string | null;
  /** May be given more than once. */
  readonly repeatable: boolean;
  /** One line: what it is for. */
  readonly summary: string;
  /** One letter. */
  readonly short?: string;
  /** Environment variables that give it where the flag is absent; the first that is not empty counts. */
  readonly variables: readonly string[];
  /** Its value is told to nobody: not in a complaint, not in a document. */
  readonly secret: boolean;
  /** How the default is told; absent: there is none. */
  readonly defaultText?: string;
  /** E.g. "MB". */
  readonly unit?: string;
  /** Of a number, both ends included. */
  readonly range?: Range;
  /** `given`: the texts of flag or variable; none: it was not given. */
  read(given: readonly string[]): Reading<T>;
}

/** `wrong`: the text that makes no sense; `expected`: what would, as in "expected a number from 1 to 16". */
export type Reading<T> = { ok: true; value: T } | { ok: false; wrong: string; expected: string };

/** By their flags, without the two hyphens. */
export type Options = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<O extends Options> = { readonly [F in keyof O]: O[F] extends Option<infer T> ? T : never };

interface Common {
  short?: string;
  variable?: string | readonly string[];
  secret?: boolean;
  /** Where the default is no fixed value. */
  defaultText?: string;
  unit?: string;
}

interface With<T> extends Common {
  default: T;
}

/** A switch is on where it is given, or where its variable is "1". */
export function toggle(summary: string, options: Common = {}): Option<boolean> {
  return {
    ...common(null, summary, options),
    read(given) {
      const text = given.at(-1) ?? "0";
      return text === "1" || text === "0"
        ? { ok: true, value: text === "1" }
        : { ok: false, wrong: text, expected: "1 or 0" };
    },
  };
}

export function text(placeholder: string, summary: string, options: With<string>): Option<string>;
export function text(placeholder: string, summary: string, options?: Common): Option<string | undefined>;
export function text(placeholder: string, summary: string, options: Common & { default?: string } = {}) {
  return checked(z.string(), { placeholder, summary, options });
}

/** Text that passes a check of its own. The schema's message says what is expected. */
export function checkedText<T>(
  schema: z.ZodType<T, string>,
  placeholder: string,
  summary: string,
  options: With<T>,
): Option<T>;
export function checkedText<T>(
  schema: z.ZodType<T, string>,
  placeholder: string,
  summary: string,
  options?: Common,
): Option<T | undefined>;
export function checkedText<T>(
  schema: z.ZodType<T, string>,
  placeholder: string,
  summary: string,
  options: Common & { default?: T } = {},
) {
  return checked(schema, { placeholder, summary, options });
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number. */
export function number(summary: string, range: Range, options: With<number> & { placeholder?: string }): Option<number>;
export function number(
  summary: string,
  range: Range,
  options?: Common & { placeholder?: string },
): Option<number | undefined>;
export function number(
  summary: string,
  range: Range,
  options: Common & { default?: number; placeholder?: string } = {},
) {
  const { placeholder = options.unit ?? "N" } = options;
  return checked(wholeNumber(range, options.unit), { placeholder, summary, options, range });
}

/** One of a few words. */
export function choice<const T extends string>(
  words: readonly T[],
  summary: string,
  options: { default: NoInfer<T> } & Common & { placeholder?: string },
): Option<T>;
export function choice<const T extends string>(
  words: readonly T[],
  summary: string,
  options?: Common & { placeholder?: string },
): Option<T | undefined>;
export function choice<const T extends string>(
  words: readonly T[],
  summary: string,
  options: Common & { default?: T; placeholder?: string } = {},
) {
  const { placeholder = "NAME" } = options;
  return checked(z.enum(words, listed(words)), { placeholder, summary, options });
}

/** Text that may be given more than once: all of it, in order. */
export function repeated<T>(
  schema: z.ZodType<T, string>,
  placeholder: string,
  summary: string,
  options: Common = {},
): Option<readonly T[]> {
  return {
    ...common(placeholder, summary, options),
    repeatable: true,
    read(given) {
      const values: T[] = [];
      for (const each of given) {
        const parsed = schema.safeParse(each);
        if (!parsed.success) return { ok: false, wrong: each, expected: parsed.error.issues[0]?.message ?? "" };
        values.push(parsed.data);
      }
      return { ok: true, value: values };
    },
  };
}

/** Text that `parse` can read: it returns null for what it cannot. */
export function readable<T>(parse: (text: string) => T | null, expected: string): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  });
}

/** Gives each option the variable of its flag's name: EDGEWHISK_IMAGE_TAG to `image-tag`, where the prefix is
 * EDGEWHISK_. */
export function withVariables<const O extends Options>(prefix: string, options: O): O {
  const named = Object.entries(options).map(([flag, option]) => {
    const variables = [`${prefix}${flag.toUpperCase().replaceAll("-", "_")}`];
    return [flag, option.variables.length === 0 ? { ...option, variables } : option];
  });
  return Object.fromEntries(named) as O;
}

export function wholeNumber({ min, max }: Range, unit?: string): z.ZodType<number, string> {
  const expected = `a number ${unit === undefined ? "" : `of ${unit} `}from ${min} to ${max}`;
  return z
    .string()
    .regex(DIGITS, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

function checked<T>(
  schema: z.ZodType<T, string>,
  given: { placeholder: string; summary: string; options: Common & { default?: T }; range?: Range },
): Option<T | undefined> {
  const { placeholder, summary, options, range } = given;
  const shown = options.default === undefined || options.default === "" ? undefined : String(options.default);
  return {
    ...common(placeholder, summary, { ...(shown === undefined ? {} : { defaultText: shown }), ...options }),
    ...(range === undefined ? {} : { range }),
    read(given) {
      const last = given.at(-1);
      if (last === undefined) return { ok: true, value: options.default };
      const parsed = schema.safeParse(last);
      if (parsed.success) return { ok: true, value: parsed.data };
      return { ok: false, wrong: last, expected: parsed.error.issues[0]?.message ?? "" };
    },
  };
}

function common(placeholder: string | null, summary: string, options: Common): Omit<Option<never>, "read"> {
  const { short, variable = [], secret = false, defaultText, unit } = options;
  return {
    placeholder,
    summary,
    secret,
    repeatable: false,
    variables: typeof variable === "string" ? [variable] : variable,
    ...(short === undefined ? {} : { short }),
    ...(defaultText === undefined ? {} : { defaultText }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** "a, b or c" */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
