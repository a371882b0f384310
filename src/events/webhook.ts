// What a webhook is told: whose word it takes, how much of it, and what of it fires its trigger. Parsed once, from a
// feed's arguments; stored as JSON.

import * as z from "zod";
import { MAX_PAYLOAD } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { fail, ok, type Result } from "../errors.ts";

/** How senders sign. "hmac": as its parameters say; "none": anybody who knows the address is believed. */
export const SCHEMES = ["github", "stripe", "slack", "hmac", "none"] as const;
export type Scheme = (typeof SCHEMES)[number];

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const MAX_CONDITIONS = 20;
const MAX_VALUES = 50;
const MAX_TEXT = 1_000;
/** `a.b[0].c`, with or without `$.` before it. */
const PATH = /^(?:\$\.?)?(?:[^.[\]]+|\[\d{1,6}\])(?:\.[^.[\]]+|\[\d{1,6}\])*$/;

const header = z.string().regex(HEADER, "must be a header's name");
const scalar = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean(), z.null()]);
const values = z.union([scalar.transform((one) => [one]), z.array(scalar).min(1).max(MAX_VALUES)]);
const record = <K extends z.ZodType<string, string>>(key: K) =>
  z
    .record(key, values)
    .refine((all) => Object.keys(all).length <= MAX_CONDITIONS, `must have at most ${MAX_CONDITIONS} conditions`);

const Filter = z.strictObject({
  header: record(header).default({}),
  json: record(z.string().max(MAX_TEXT).regex(PATH, "must be a path like action or commits[0].id")).default({}),
});

const Hmac = z.strictObject({
  header: header.default("X-Signature"),
  algorithm: z.enum(["sha1", "sha256", "sha384", "sha512"]).default("sha256"),
  encoding: z.enum(["hex", "base64"]).default("hex"),
  /** What stands before the signature in its header. */
  prefix: z.string().max(50).default(""),
  /** Header with the seconds (or ms) since 1970 at which it was sent; then `<that>.<body>` is what is signed. */
  timestampHeader: header.optional(),
});

const MIN_SECRET = 8;
const DEFAULT_PER_MINUTE = 60;
const MAX_PER_MINUTE = 6_000;
const DAY_S = 86_400;
const MAX_OVERLAP_S = 7 * DAY_S;

const perMinute = z.int().min(1).max(MAX_PER_MINUTE);
const bytes = z.int().min(1_024).max(MAX_PAYLOAD);

/** A webhook's settings as they are stored; its secrets and addresses are elsewhere. */
export const WebhookSettings = z.strictObject({
  signature: z.enum(SCHEMES),
  hmac: Hmac.optional(),
  /** Header by which a delivery that comes again is known. */
  idHeader: header.optional(),
  filter: Filter.optional(),
  maxPerMinute: perMinute.default(DEFAULT_PER_MINUTE),
  maxBytes: bytes.default(MAX_PAYLOAD),
  /** What comes must be CloudEvents. `shard`: of the store that keeps all fires, and knows all events. */
  events: z.strictObject({ shard: z.int().min(0).max(255) }).optional(),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

const NO_ID_HEADER = "The parameter 'idHeader' is of no use here: an event is known by its source and its id.";

const Secret = z.string().min(MIN_SECRET, `must have at least ${MIN_SECRET} characters`).max(MAX_TEXT);

const Created = z
  .object({
    signature: z.enum(SCHEMES, `must be one of ${SCHEMES.join(", ")}; "none" believes anybody who knows the address`),
    secret: Secret.optional(),
    hmac: Hmac.optional(),
    idHeader: header.optional(),
    filter: Filter.optional(),
    maxPerMinute: perMinute.default(DEFAULT_PER_MINUTE),
    maxBytes: bytes.default(MAX_PAYLOAD),
  })
  .transform((given) => ({ ...given, ...(given.signature === "hmac" ? { hmac: given.hmac ?? Hmac.parse({}) } : {}) }))
  .superRefine(({ signature, secret, hmac }, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (signature === "none" && secret !== undefined) issue("secret", "is of no use where signature is none");
    if ((signature === "slack" || signature === "stripe") && secret === undefined) {
      issue("secret", `is missing: the signing secret that ${signature} shows`);
    }
    if (signature !== "hmac" && hmac !== undefined) issue("hmac", "is of use only where signature is hmac");
  });

const Changed = z.object({
  secret: Secret.optional(),
  idHeader: header.nullable().optional(),
  filter: Filter.nullable().optional(),
  maxPerMinute: perMinute.optional(),
  maxBytes: bytes.optional(),
  rotate: z.boolean().default(false),
  overlap: z.int().min(0).max(MAX_OVERLAP_S).default(DAY_S),
});

export interface WebhookWish {
  settings: WebhookSettings;
  /** Absent: none was given. */
  secret?: string;
}

export interface WebhookChange {
  settings: WebhookSettings;
  secret?: string;
  /** A new address is wanted. */
  rotate: boolean;
  /** ms for which what was good before is good still. */
  overlapMs: number;
}

/** Of the arguments of a feed; those it does not know are others' (parameters of bindings, and what every feed gets).
 * Fails with `bad-request`. */
export function newWebhook(args: RawJson): Result<WebhookWish> {
  const parsed = Created.safeParse(JSON.parse(args));
  if (!parsed.success) return fault(parsed.error);
  const { secret, ...settings } = parsed.data;
  return ok({ settings, ...(secret === undefined ? {} : { secret }) });
}

/** As newWebhook, of what takes CloudEvents: they have ids of their own, and are signed as we say or not at all.
 * `shard`: see WebhookSettings. */
export function newEventFeed(args: RawJson, shard: number): Result<WebhookWish> {
  const given = JSON.parse(args) as Record<string, unknown>;
  if (given.idHeader !== undefined) return fail("bad-request", NO_ID_HEADER);
  if (given.signature !== "hmac" && given.signature !== "none") {
    return fail(
      "bad-request",
      `The parameter 'signature' must be one of hmac, none; "none" believes anybody who knows the address.`,
    );
  }
  const wish = newWebhook(args);
  return wish.ok ? ok({ ...wish.value, settings: { ...wish.value.settings, events: { shard } } }) : wish;
}

/** What is not named stays; null takes a filter or an id away. Fails with `bad-request`. */
export function changedWebhook(settings: WebhookSettings, args: RawJson): Result<WebhookChange> {
  const given = JSON.parse(args) as Record<string, unknown>;
  const parsed = Changed.safeParse(given);
  if (!parsed.success) return fault(parsed.error);
  const { secret, rotate, overlap, ...changes } = parsed.data;
  if (settings.events !== undefined && given.idHeader !== undefined) return fail("bad-request", NO_ID_HEADER);
  const fixed = ["signature", "hmac"].find((name) => given[name] !== undefined);
  if (fixed !== undefined) {
    return fail("bad-request", `The parameter '${fixed}' cannot be changed: create the feed anew, with a new address.`);
  }
  if (secret !== undefined && settings.signature === "none") {
    return fail("bad-request", "The parameter 'secret' is of no use where signature is none.");
  }
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (named.length === 0 && secret === undefined && !rotate) {
    return fail(
      "bad-request",
      "No parameter that can be changed was given: filter, idHeader, maxBytes, maxPerMinute, rotate, secret.",
    );
  }
  const merged = Object.fromEntries(
    Object.entries({ ...settings, ...Object.fromEntries(named) }).filter(([, value]) => value !== null),
  );
  return ok({
    settings: WebhookSettings.parse(merged),
    ...(secret === undefined ? {} : { secret }),
    rotate,
    overlapMs: overlap * 1_000,
  });
}

function fault({ issues }: z.ZodError): Result<never> {
  const [issue] = issues;
  const path = issue?.path.join(".") ?? "";
  return fail("bad-request", `The parameter '${path}' ${sentence(issue?.message ?? "is wrong")}.`);
}

/** What the schema says in its own words begins differently. */
function sentence(message: string): string {
  return /^(must|is) /.test(message) ? message : `is wrong: ${message}`;
}
