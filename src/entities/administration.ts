// What the admin API is asked and what it answers, as one schema for the Worker, which checks what comes with it, and
// for the command, which checks what it sends and what it gets.

import * as z from "zod";
import { ADMIN_RIGHTS, ADMIN_ROLES } from "./administrator.ts";
import { looksLikeCredential } from "./credential.ts";
import { isName } from "./names.ts";
import { ROLES } from "./rights.ts";
import { isPattern, MAX_PATTERN, MAX_PATTERNS } from "./scope.ts";
import { bytesOfSize } from "./size.ts";

const count = z.number().int().nonnegative();
const size = z
  .string()
  .max(32)
  .refine((text) => bytesOfSize(text) !== null, "must be a size such as '1 MB'");
/** Epoch ms. */
const time = z.number().int().nonnegative().max(8_640_000_000_000_000);

/** As an administrator sets them, in the order in which they are shown. */
export const LimitValues = z.strictObject({
  invocationsPerMinute: count,
  firesPerMinute: count,
  concurrentInvocations: count,
  concurrentMemory: count,
  allowedKinds: z.array(z.string().max(256)).max(100),
  storeActivations: z.boolean(),
  minActionMemory: count,
  maxActionMemory: count,
  minActionLogs: count,
  maxActionLogs: count,
  minActionTimeout: count,
  maxActionTimeout: count,
  minActionConcurrency: count,
  maxActionConcurrency: count,
  maxParameterSize: size,
  maxPayloadSize: size,
  truncationSize: size,
});
export type LimitName = keyof z.infer<typeof LimitValues>;
export const LIMIT_NAMES = Object.keys(LimitValues.shape) as LimitName[];

export const Limits = LimitValues.partial();
/** Over those there are; null takes one away. */
export const LimitChanges = z.strictObject(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, LimitValues.shape[name].nullable().optional()])) as {
    [N in LimitName]: z.ZodOptional<z.ZodNullable<(typeof LimitValues.shape)[N]>>;
  },
);

export const Subject = z
  .string()
  .max(256)
  .refine((text) => text.trim().length >= 5, "must have at least 5 characters");
export const NamespaceName = z.string().refine(isName, "must be a valid namespace name");
/** The secret's length is fixed: what is not 64 characters long is no key to OpenWhisk clients. */
export const Key = z
  .string()
  .regex(/^[\w-]{1,64}:[\x21-\x7e]{64}$/, "must be 'uuid:secret' with a secret of 64 characters")
  .refine((key) => !looksLikeCredential(key.slice(key.indexOf(":") + 1)), "must not look like an action's credential");
export const KeyName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.@ -]{0,62}$/,
    "must begin with a letter or digit, and have at most 63 characters: letters, digits and _ . @ - or spaces",
  )
  .refine((text) => text.trim() === text, "must not end with a space");
export const KeyRole = z.enum(ROLES);
/** At least one: a key that may use nothing is none. */
export const KeyScope = z
  .array(
    z
      .string()
      .refine(
        isPattern,
        `must be a pattern of at most ${MAX_PATTERN} characters: a name, package/name, or what they begin with and *`,
      ),
  )
  .min(1)
  .max(MAX_PATTERNS);
/** An instant, ISO 8601 or epoch ms. */
export const Instant = z
  .union(
    [time, z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))],
    "must be a time: ISO 8601 or epoch ms",
  )
  .refine((ms) => ms >= 0, "must be after 1970");

/** Longest time in s for which a replaced key stays good. */
export const MAX_OVERLAP = 30 * 86_400;

export const NewIdentity = z.strictObject({
  subject: Subject,
  namespace: NamespaceName.optional(),
  key: Key.optional(),
  limits: Limits.optional(),
  /** Of the key, among those of the subject to the namespace. */
  name: KeyName.optional(),
  ends: Instant.optional(),
  role: KeyRole.optional(),
  scope: KeyScope.optional(),
});
/** Without a namespace: the one that is named as the subject. */
export const NewKey = z.strictObject({ namespace: NamespaceName.optional(), key: Key.optional() });
export const NewNamespace = z.strictObject({ name: NamespaceName, limits: Limits.optional() });
export const KeyChange = z
  .strictObject({
    name: KeyName.optional(),
    ends: Instant.nullable().optional(),
    role: KeyRole.optional(),
    /** null: all names. */
    scope: KeyScope.nullable().optional(),
  })
  .refine(
    (change) => Object.values(change).some((each) => each !== undefined),
    "must say what changes: name, ends, role, scope",
  );
export const KeyRotation = z.strictObject({
  /** s for which the one before stays good. */
  overlap: z.number().int().min(0).max(MAX_OVERLAP).default(0),
  key: Key.optional(),
  ends: Instant.nullable().optional(),
});
/** A key as the owner of its namespace issues it: of somebody's, else of his own subject. */
export const NewOwnKey = z.strictObject({
  name: KeyName,
  role: KeyRole,
  subject: Subject.optional(),
  ends: Instant.optional(),
  scope: KeyScope.optional(),
});
export const OwnKeyRotation = KeyRotation.pick({ overlap: true });
/** A key, or the part of it before its colon. */
export const Whois = z.strictObject({ key: z.string().min(1).max(256) });

export const IdentityAnswer = z.object({ subject: z.string(), namespace: z.string(), key: z.string() });
export const SubjectAnswer = z.object({
  subject: z.string(),
  blocked: z.boolean(),
  namespaces: z.array(z.object({ name: z.string(), id: z.string(), open: z.boolean() })),
});
export type SubjectAnswer = z.infer<typeof SubjectAnswer>;
export const SubjectItem = z.object({
  subject: z.string(),
  blocked: z.boolean(),
  created: time,
  namespaces: count,
  keys: count,
});
export type SubjectItem = z.infer<typeof SubjectItem>;
export const NamespaceItem = z.object({
  name: z.string(),
  id: z.string(),
  state: z.enum(["open", "blocked", "deleting"]),
  /** Whether any key opens it. */
  open: z.boolean(),
  subjects: count,
  keys: count,
  limits: Limits,
});
export type NamespaceItem = z.infer<typeof NamespaceItem>;
export const KeyItem = z.object({
  id: z.string(),
  subject: z.string(),
  namespace: z.string(),
  name: z.string(),
  created: time,
  ends: time.nullable(),
  replacedBy: z.string().nullable(),
  role: KeyRole,
  /** null: all names. */
  scope: z.array(z.string()).readonly().nullable(),
  blocked: z.boolean(),
  /** Of this time: whether it opens anything. */
  good: z.boolean(),
  /** Only where it was asked for; null: no secret at hand opens what is stored. */
  key: z.string().nullable().optional(),
});
export type KeyItem = z.infer<typeof KeyItem>;
export const RotationAnswer = z.object({ key: z.string(), now: KeyItem, before: KeyItem.nullable() });
/** `key`: told this once. */
export const IssuedKey = z.object({ key: z.string(), now: KeyItem });
/** A secret that is kept for a namespace, never itself. `of`: the trigger whose it is,
 * or null for what is the namespace's. */
export const SecretItem = z.object({ purpose: z.string(), of: z.string().nullable(), created: time });
export type SecretItem = z.infer<typeof SecretItem>;
/** What goes is named once more, so that nothing goes by mistake. */
export const DeletionWish = z.strictObject({ confirm: z.string().max(256) });
/** What is in a namespace, and goes with it. Records are those in the database of records;
 * segments and objects may hold more. */
export const ContentsAnswer = z.object({
  namespace: z.string(),
  keys: count,
  entities: z.record(z.string(), count),
  records: count,
  /** Objects that keep schedules. */
  schedules: count,
});
export type ContentsAnswer = z.infer<typeof ContentsAnswer>;
export const DeletionAnswer = z.object({
  namespace: z.string(),
  id: z.string(),
  began: time,
  /** "late": all is gone but what may still run; "done". */
  stage: z.enum(["entities", "activations", "records", "segments", "late", "done"]),
  gone: z.object({ keys: count, entities: count, objects: count, records: count }),
  /** Epoch ms from which the name may be had again, at the earliest; once it is done, since when it may. */
  free: time,
  ended: time.nullable(),
});
export type DeletionAnswer = z.infer<typeof DeletionAnswer>;

export const AdminRoleName = z.enum(ADMIN_ROLES);
export const NewAdministrator = z.strictObject({ name: KeyName, role: AdminRoleName, ends: Instant.optional() });
export const AdministratorChange = z
  .strictObject({ role: AdminRoleName.optional(), ends: Instant.nullable().optional() })
  .refine(({ role, ends }) => role !== undefined || ends !== undefined, "must say what changes: role, ends");
export const AdministratorItem = z.object({
  name: z.string(),
  role: AdminRoleName,
  created: time,
  ends: time.nullable(),
  /** Of this time: whether its token opens anything. */
  good: z.boolean(),
});
export type AdministratorItem = z.infer<typeof AdministratorItem>;
export const AdministratorToken = AdministratorItem.extend({ token: z.string() });

export const ConfigItem = z.object({
  name: z.string(),
  kind: z.enum(["variable", "secret", "binding"]),
  /** Of a secret and a binding only whether it is there. */
  value: z.string().nullable(),
  from: z.enum(["set", "default", "absent"]),
  default: z.string().nullable(),
});

/** `after`: `next` of the answer before; absent at first. */
export const ResealOrder = z.strictObject({ after: z.string().max(128).optional() });

export const LimitsAnswer = z.object({ namespace: z.string(), limits: Limits });

/** A page of a list; `next`: what `after` is of the next one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** A scheduler of a host, as it says itself; memory is in MB. */
export const SchedulerLoad = z.object({
  scheduler: z.string(),
  connected: z.boolean(),
  ready: z.boolean(),
  draining: z.boolean(),
  memory: z.number(),
  used: z.number(),
  running: z.number(),
  /** Containers that run something. */
  containers: z.number().optional(),
  /** ms since its host was last heard. */
  silence: z.number().optional(),
  /** Why there is nothing of the above but its name. */
  unanswered: z.string().optional(),
});
export type SchedulerLoad = z.infer<typeof SchedulerLoad>;

/** "up", "draining", "unhealthy" (the reason says why), "down" (was here), "new" (never came). */
export const HostState = z.enum(["up", "draining", "unhealthy", "down", "new"]);
export const HostItem = z.object({
  name: z.string(),
  state: HostState,
  /** Why it takes nothing, or what does not work there though the rest does. */
  reason: z.string().optional(),
  /** Epoch ms at which its token was made. */
  created: z.number(),
  /** Schedulers its token opens. */
  shards: z.number(),
  memory: z.number(),
  used: z.number(),
  running: z.number(),
  /** Containers that run something; idle ones are its own affair. */
  containers: z.number().optional(),
  build: z.string().optional(),
  engine: z.string().optional(),
  level: z.string().optional(),
  labels: z.array(z.string()).optional(),
  /** What differs from most hosts, or from what is wanted: "build", kinds. */
  differs: z.array(z.string()).optional(),
});
export type HostItem = z.infer<typeof HostItem>;
/** Equal containers that run something; memory is in MB. */
export const BusyItem = z.object({
  /** Who called. */
  namespace: z.string(),
  /** `ns/name` or `ns/package/name`. */
  action: z.string(),
  version: z.string(),
  kind: z.string(),
  memory: z.number(),
  containers: count,
  running: count,
  /** Epoch ms at which the oldest of its calls was accepted. */
  since: time,
  /** Some of those that run. */
  activations: z.array(z.string()),
});
export type BusyItem = z.infer<typeof BusyItem>;
/** Equal containers that run nothing, as their host says it; memory is in MB. */
export const IdleItem = z.object({
  /** Whose calls they take; null: nobody has this id any more, or they are for any action. */
  namespace: z.string().nullable(),
  /** `ns/name` or `ns/package/name`; null: they are kept ready for any action of their kind. */
  action: z.string().nullable(),
  /** Or `blackbox:` and the image. */
  kind: z.string(),
  memory: z.number(),
  containers: count,
  /** Of these: frozen until the next call. */
  paused: count,
  /** Epoch ms since which the first of them runs nothing. */
  since: time,
});
export type IdleItem = z.infer<typeof IdleItem>;
export const HostAnswer = HostItem.extend({
  schedulers: z.array(SchedulerLoad),
  runtimes: z.array(z.object({ kind: z.string(), image: z.string(), digest: z.string() })),
  /** What it lacks for the next security level. */
  lacks: z.array(z.string()),
  /** Containers that run something, those with the oldest run first. Absent of an earlier release. */
  busy: z.array(BusyItem).optional(),
  /** There are more than are told. */
  moreBusy: z.boolean().optional(),
  /** Containers that run nothing, those that have waited longest first. Absent where the host cannot say,
   * or did not in time. */
  idle: z.array(IdleItem).optional(),
  moreIdle: z.boolean().optional(),
});
export type HostAnswer = z.infer<typeof HostAnswer>;
export const NewHost = z.strictObject({
  name: z.string(),
  rotate: z.boolean().optional(),
  /** Schedulers its token opens. */
  shards: z.number().int().min(1).max(16).optional(),
});
export const HostToken = z.object({ name: z.string(), token: z.string() });
export const HostDrained = z.object({ name: z.string(), draining: z.boolean() });
export type HostDrained = z.infer<typeof HostDrained>;
export const HostGone = z.object({ name: z.string() });
export const HostRename = z.strictObject({ to: z.string().max(64) });

/** What waits in one store, oldest first. */
export const WaitingItem = z.object({
  /** Null: nobody has this id any more. */
  namespace: z.string().nullable(),
  store: z.string(),
  waiting: count,
  running: count,
  fires: count,
  oldestWaitMs: z.number(),
  reason: z.string().optional(),
  /** Of each kind of host that is waited for. */
  lines: z.array(z.object({ reason: z.string(), oldestWaitMs: z.number() })),
  unanswered: z.string().optional(),
});
export type WaitingItem = z.infer<typeof WaitingItem>;

export const StatusAnswer = z.object({
  /** Who asks, and what he may; the name is null for whoever holds ADMIN_TOKEN. Absent of an earlier release. */
  administrator: z
    .object({ name: z.string().nullable(), role: AdminRoleName, rights: z.array(z.enum(ADMIN_RIGHTS)).readonly() })
    .optional(),
  /** What the Worker says it is built from. */
  build: z.string().optional(),
  /** Epoch ms. */
  at: time,
  hosts: z.array(HostItem),
  waiting: z.array(WaitingItem),
  /** True: there are more stores in which something waits than are shown. */
  more: z.boolean(),
  /** Databases, and the bucket as it was within the last ten minutes. */
  stores: z.array(
    z.object({
      name: z.string(),
      bytes: z.number().nullable(),
      objects: count.optional(),
      /** There is more than was counted. */
      atLeast: z.literal(true).optional(),
    }),
  ),
  securityFloor: z.string().optional(),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;
