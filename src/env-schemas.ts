// The pieces of the schema of the environment: what a binding, a variable or a JSON text in a variable must be.

import * as z from "zod";
import { LEAST_SECRET } from "./entities/credential.ts";
import {
  DEFAULT_BOUNDS,
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "./entities/limits.ts";
import { isLogLevel, LOG_LEVELS } from "./entities/log-level.ts";
import type { Metering } from "./entities/metering.ts";
import { RECORD_BOUNDS } from "./entities/record-bounds.ts";
import { HookSecret, type PlatformEvents } from "./entities/record-hook.ts";
import type { Fault } from "./entities/secret-check.ts";
import { SECURITY_LEVELS, type SecurityLevel } from "./entities/security-level.ts";

const encoder = new TextEncoder();

export const binding = (method: string, kind: string) =>
  z.custom(
    (value) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function",
    `is not bound: wrangler.toml must give this Worker ${kind} under this name`,
  );
export const object = binding("getByName", "the Durable Object namespace");

const SECRET_HELP = `set it to at least ${LEAST_SECRET} bytes of random text (npx wrangler secret put MASTER_SECRET) and keep it`;
export const masterSecret = z
  .string(`is missing: ${SECRET_HELP}`)
  .refine((text) => text !== "", `is empty: ${SECRET_HELP}`)
  .refine(
    (text) => text === "" || encoder.encode(text).byteLength >= LEAST_SECRET,
    `is too short: ${SECRET_HELP}. If keys were made with this one, it goes into MASTER_SECRET_PREVIOUS`,
  );

/** A variable: text, or in wrangler.toml a number as well. Empty counts as absent. */
export const variable = z
  .union([z.string(), z.number().transform(String)], "must be a text")
  .optional()
  .transform((text) => (text === "" ? undefined : text));

export const flag = variable
  .refine((text) => text === undefined || text === "true" || text === "false", 'must be "true" or "false"')
  .transform((text) => text === "true");

const count = z.number().int().nonnegative();
export const Throttle = z.strictObject({
  invocationsPerMinute: count.default(DEFAULT_INVOCATIONS_PER_MINUTE),
  concurrentInvocations: count.default(DEFAULT_CONCURRENT),
  firesPerMinute: count.default(DEFAULT_FIRES_PER_MINUTE),
  concurrentMemory: count.exactOptional(),
});

const bound = (standard: { min: number; std: number; max: number }) =>
  z
    .strictObject({ min: count, std: count, max: count })
    .partial()
    .default({})
    .transform(({ min = standard.min, max = standard.max, std }) => ({
      min,
      max,
      std: std ?? Math.min(Math.max(standard.std, min), max),
    }))
    .refine(({ min, std, max }) => min <= std && std <= max, "must have min <= std <= max");

export const Limits = z.strictObject({
  timeout: bound(DEFAULT_BOUNDS.timeout),
  memory: bound(DEFAULT_BOUNDS.memory),
  logs: bound(DEFAULT_BOUNDS.logs),
  concurrency: bound(DEFAULT_BOUNDS.concurrency),
});

export const RANGES = /^[0-9a-f.:]+\/\d{1,3}(,[0-9a-f.:]+\/\d{1,3})*$/i;

const least = z.number().int().positive();
export const Bounds = z.strictObject({
  ledgerRecords: least.default(RECORD_BOUNDS.ledgerRecords),
  ledgerBytes: least.default(RECORD_BOUNDS.ledgerBytes),
  databaseBytes: least.default(RECORD_BOUNDS.databaseBytes),
});

export function isLevel(text: string): text is SecurityLevel {
  return (SECURITY_LEVELS as readonly string[]).includes(text);
}

export function isDate(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

export function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.map(({ path, message }) => {
    const [variable = "env", ...inner] = path.map(String);
    return { variable, reason: inner.length === 0 ? message : `${inner.join(".")}: ${message}` };
  });
}

export function jsonOf<T>(text: string, schema: z.ZodType<T>, context: z.RefinementCtx): T | typeof z.NEVER {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is no JSON" });
    return z.NEVER;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path: [...path], message });
  return z.NEVER;
}

/** Variables of what is counted. */
export const Counted = {
  METRICS_MODE: variable.refine(
    (text) => text === undefined || text === "on" || text === "off",
    'must be "on" or "off"',
  ),
  METRICS_IGNORED_NAMESPACES: variable.refine(
    (text) => text === undefined || text.split(",").every((name) => name.trim() !== ""),
    "must be names of namespaces, with commas between them",
  ),
};

/** Where the variables make no sense, all is counted. */
export function meteringOf(given: { [K in keyof typeof Counted]?: string | undefined }): Metering {
  const mode = Counted.METRICS_MODE.safeParse(given.METRICS_MODE).data;
  const names = Counted.METRICS_IGNORED_NAMESPACES.safeParse(given.METRICS_IGNORED_NAMESPACES).data;
  return { isOn: mode !== "off", ignored: new Set(names?.split(",").map((name) => name.trim())) };
}

/** Variables of the platform's own receiver of user events. */
export const UserEvents = {
  USER_EVENTS_URL: variable.refine(
    (text) => text === undefined || /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
    "must be an http or https URL",
  ),
  USER_EVENTS_SECRET: variable.pipe(HookSecret.optional()),
  USER_EVENTS_TOKEN: variable.refine((text) => text === undefined || /^[\x21-\x7e]+$/.test(text), "must be one word"),
};

type UserEventsGiven = { [K in keyof typeof UserEvents]?: string | undefined };

/** Nothing is sent without a signature. */
export function userEventsFault({ USER_EVENTS_URL, USER_EVENTS_SECRET }: UserEventsGiven): Fault | null {
  if (USER_EVENTS_URL === undefined || USER_EVENTS_SECRET !== undefined) return null;
  return { variable: "USER_EVENTS_SECRET", reason: "is missing, while USER_EVENTS_URL is set" };
}

/** Null: nobody wants them, also where what is given makes no sense. */
export function platformEvents(given: UserEventsGiven): PlatformEvents | null {
  const url = UserEvents.USER_EVENTS_URL.safeParse(given.USER_EVENTS_URL).data;
  const secret = UserEvents.USER_EVENTS_SECRET.safeParse(given.USER_EVENTS_SECRET).data;
  const token = UserEvents.USER_EVENTS_TOKEN.safeParse(given.USER_EVENTS_TOKEN).data ?? null;
  return url === undefined || secret === undefined ? null : { url, secret, token };
}

export const securityLevel = variable.refine(
  (text) => text === undefined || isLevel(text),
  `must be one of ${SECURITY_LEVELS.join(", ")}`,
);

export const logLevel = variable.refine(
  (text) => text === undefined || isLogLevel(text),
  `must be one of ${LOG_LEVELS.join(", ")}`,
);
