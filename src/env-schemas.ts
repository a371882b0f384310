// The pieces of the schema of the environment: what a binding, a variable or a JSON text in a variable must be.

import { z } from "zod";
import { LEAST_SECRET } from "./entities/credential.ts";
import {
  DEFAULT_BOUNDS,
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "./entities/limits.ts";
import { RECORD_BOUNDS } from "./entities/record-bounds.ts";
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
