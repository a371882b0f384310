// Where a namespace's records are forwarded to, as its administrator sets it and as it is kept.
// Secrets are kept elsewhere.

import * as z from "zod";

/** "ndjson": a line a record. "elasticsearch": the body of its `_bulk`. */
export const HOOK_FORMATS = ["ndjson", "elasticsearch"] as const;

const INDEX = /^(?![-_+.])[a-z0-9._-]{1,200}$/;

/** As it is stored. */
export const RecordHook = z.strictObject({
  url: z.string().min(1).max(2_048),
  format: z.enum(HOOK_FORMATS).default("ndjson"),
  /** Of Elasticsearch; absent: the URL names it. */
  index: z.string().regex(INDEX, "must be the name of an index: lower case, digits, dots, dashes").optional(),
  gzip: z.boolean().default(true),
});
/** `setBy`: absent: whoever owns the namespace, who alone may change it then, beside administrators. */
export type RecordHook = z.infer<typeof RecordHook> & { setBy?: "administrator" };

const MIN_SECRET = 16;
/** What may stand in a header. */
const PRINTABLE = /^[\x20-\x7e]+$/;

/** What batches are signed with. */
export const HookSecret = z
  .string()
  .min(MIN_SECRET, `must have at least ${MIN_SECRET} characters`)
  .max(1_000)
  .regex(PRINTABLE, "must be printable ASCII");

/** What an administrator sends. `secret`: signs each batch; absent: the one there is, or a new one. `authorization`:
 * the header with which batches are sent; absent: the one there is; null: none. */
export const RecordHookOrder = RecordHook.extend({
  secret: HookSecret.optional(),
  authorization: z.string().min(1).max(4_096).regex(PRINTABLE, "must be printable ASCII").nullable().optional(),
}).superRefine(({ url, format, index }, context) => {
  const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (format === "ndjson" && index !== undefined) issue("index", "is of no use where format is ndjson");
  if (format === "elasticsearch" && !/\/_bulk\/?$/.test(URL.parse(url)?.pathname ?? "/_bulk")) {
    issue("url", "must end in /_bulk where format is elasticsearch");
  }
});
export type RecordHookOrder = z.infer<typeof RecordHookOrder>;

/** The same of user events, which have one form. */
export const EventHookOrder = z
  .strictObject({
    url: RecordHookOrder.shape.url,
    gzip: RecordHookOrder.shape.gzip,
    secret: RecordHookOrder.shape.secret,
    authorization: RecordHookOrder.shape.authorization,
  })
  .transform((order): RecordHookOrder => ({ ...order, format: "ndjson" }));

const told = z.number();
/** What is set, and how it stands over all objects of the namespace; times are epoch ms. */
export const ForwardingAnswer = z.object({
  namespace: z.string(),
  hook: z
    .object({
      url: z.string(),
      format: z.enum(HOOK_FORMATS),
      index: z.string().optional(),
      gzip: z.boolean(),
      setBy: z.literal("administrator").optional(),
      /** Whether an Authorization header is sent. */
      authorization: z.boolean(),
      changed: told,
      /** Whether all objects have heard of it. */
      told: z.boolean(),
    })
    .nullable(),
  state: z
    .object({
      ...{ waiting: told, bytes: told, lagMs: told, sent: told },
      dropped: z.object({ total: told, backlog: told, age: told, refused: told }),
      ...{ lastSent: told.nullable(), lastDropped: told.nullable() },
      lastError: z.object({ text: z.string(), at: told }).nullable(),
      /** Objects that did not answer. */
      unreachable: told,
    })
    .optional(),
  /** Told where it was made, this once. */
  secret: z.string().optional(),
});
export type ForwardingAnswer = z.infer<typeof ForwardingAnswer>;

/** The platform's own receiver. `token`: of its Authorization header; null: it has none. */
export interface PlatformEvents {
  url: string;
  secret: string;
  token: string | null;
}

/** What is sealed of it. */
export interface RecordHookSecrets {
  signing: string;
  authorization: string | null;
}

/** Why a record was not forwarded. backlog: too many waited; age: it waited too long; refused:
 * the receiver takes it in no form. */
export const DROP_REASONS = ["backlog", "age", "refused"] as const;
export type DropReason = (typeof DROP_REASONS)[number];
export type Drops = Record<DropReason, number>;
export const NO_DROPS: Drops = { backlog: 0, age: 0, refused: 0 };
