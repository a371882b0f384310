// The bindings the Worker and the objects are given (wrangler.toml), its secrets and its variables: checked by one
// schema, once per isolate. What is missing or makes no sense stops the platform and is named; values are never told.

import * as z from "zod";
import {
  ACTIVATION_STORE_CHOICES,
  type ActivationStoreMode,
  activationStoreModeOf,
} from "./entities/activation-store-mode.ts";
import { AuditRetention } from "./entities/audit.ts";
import type { NamespaceLimits } from "./entities/identity.ts";
import { DEFAULT_BOUNDS, DEFAULT_QUEUE_TIME, type LimitBounds, MAX_QUEUE_TIME } from "./entities/limits.ts";
import { RECORD_BOUNDS, type RecordBounds } from "./entities/record-bounds.ts";
import { RetentionPolicy } from "./entities/retention.ts";
import type { AlarmSettings } from "./entities/schedule.ts";
import type { MasterSecret } from "./entities/sealing.ts";
import type { Fault } from "./entities/secret-check.ts";
import type { SecurityLevel } from "./entities/security-level.ts";
import { FeedFiles, FeedQueues } from "./entities/source-declarations.ts";
import {
  Bounds,
  binding,
  Counted,
  faultsOf,
  flag,
  isDate,
  isLevel,
  jsonOf,
  Limits,
  logLevel,
  masterSecret,
  object,
  RANGES,
  securityLevel,
  Throttle,
  UserEvents,
  userEventsFault,
  variable,
} from "./env-schemas.ts";
import type { CompositionRpc } from "./protocol/composition.ts";
import type { MetricsRpc } from "./protocol/metrics.ts";
import type { ActivationStoreRpc, EntityEpochRpc, InvokerSchedulerRpc, RosterRpc } from "./protocol/rpc.ts";
import type { ScheduleRpc } from "./protocol/schedule.ts";
import type { SinksRpc } from "./protocol/sinks.ts";
import type { SourcesRpc } from "./protocol/sources.ts";
import type { SubscriptionsRpc } from "./protocol/subscriptions.ts";
import type { ThrottleRpc } from "./protocol/throttle.ts";
import type { MachineBinding } from "./storage/machine.ts";
import type { FeedFilesBinding } from "./storage/machine-feeds.ts";

type Branded<T> = T & Rpc.DurableObjectBranded;

/** Databases of activation records, numbered from 0. */
export type RecordsBinding = `RECORDS_${number}`;

/** Databases and buckets whose changes fire triggers, by the names under which they are granted. */
export type FeedDatabaseBinding = `FEED_D1_${string}`;
export type FeedBucketBinding = `FEED_R2_${string}`;

/** Each docstring tells an operator what it is for: CONFIGURATION.md is made of them. */
export interface Env {
  /** Entities, identities and keys. */
  DB: D1Database;
  /** Records of activations. More databases are RECORDS_1, …: a namespace stays with the one it was given. */
  RECORDS_0: D1Database;
  [more: RecordsBinding]: D1Database | undefined;
  [database: FeedDatabaseBinding]: D1Database | undefined;
  [bucket: FeedBucketBinding]: R2Bucket | undefined;
  /** Action code by its hash, and arguments, results and logs that are too large for a row. */
  BLOBS: R2Bucket;
  /** One per shard of a host: what it can take and what it runs. */
  SCHEDULER: DurableObjectNamespace<Branded<InvokerSchedulerRpc>>;
  /** One per namespace and shard: accepted activations until they have ended and are handed over. */
  ACTIVATIONS: DurableObjectNamespace<Branded<ActivationStoreRpc>>;
  /** One per namespace: its minutes and its permits. */
  THROTTLE: DurableObjectNamespace<Branded<ThrottleRpc>>;
  /** One per namespace name: the epoch of what isolates have read of its entities. */
  EPOCH: DurableObjectNamespace<Branded<EntityEpochRpc>>;
  /** One per namespace and shard: the steps of running sequences and conductors. */
  COMPOSITION: DurableObjectNamespace<Branded<CompositionRpc>>;
  /** One per namespace, and more beyond 500: the schedules of its triggers. */
  SCHEDULE: DurableObjectNamespace<Branded<ScheduleRpc>>;
  /** One per namespace: what goes to users' addresses, and what they did not take. */
  SINKS: DurableObjectNamespace<Branded<SinksRpc>>;
  /** One per namespace: feeds of tables, buckets and queues. */
  SOURCES: DurableObjectNamespace<Branded<SourcesRpc>>;
  /** One: which host runs which subscription to a message broker. */
  SUBSCRIPTIONS: DurableObjectNamespace<Branded<SubscriptionsRpc>>;
  /** One: the hosts and their tokens. */
  ROSTER: DurableObjectNamespace<Branded<RosterRpc>>;
  /** One: what was counted everywhere, for `GET /metrics`. */
  METRICS: DurableObjectNamespace<Branded<MetricsRpc>>;
  /** The process that owns the state folder, in the one-machine mode. */
  MACHINE?: MachineBinding;
  /** The way to public addresses, in the one-machine mode. */
  OUTBOUND?: { fetch(url: string, init: RequestInit): Promise<Response> };
  /** What reads the files of FEED_FILES, in the one-machine mode. */
  FEEDS?: FeedFilesBinding;
  /** JSON of what --feed-d1 and --feed-r2 named, e.g. {"d1":["ORDERS"],"r2":["UPLOADS"]}, in the one-machine mode. */
  FEED_FILES?: string;
  /** Names, with commas between them, of the queues that this Worker consumes for feeds. */
  FEED_QUEUES?: string;
  /** Secret: opens the admin API. Absent = the admin API answers 403 to everybody. */
  ADMIN_TOKEN?: string;
  /** Secret: opens `GET /metrics` and nothing else, for whoever scrapes. Absent = only ADMIN_TOKEN opens it. */
  METRICS_TOKEN?: string;
  /** Secret of at least 32 bytes: keys for identity look-up, sealing and credentials are derived from it. */
  MASTER_SECRET: string;
  /** Secret: the MASTER_SECRET of before, while keys are still sealed with it. */
  MASTER_SECRET_PREVIOUS?: string;
  /** Number of ActivationStore shards per namespace (1 to 256). May grow, never shrink. */
  ACTIVATION_SHARDS?: string;
  /** The well-known keys: "loopback" where only our own machine can connect, "everywhere" where others can as well.
   * Once there are other namespaces they end at our own machine's loopback. */
  DEVELOPMENT_KEYS?: string;
  /** JSON of partial LimitBounds, e.g. {"concurrency":{"max":200}}. */
  LIMITS?: string;
  /** JSON of NamespaceLimits for namespaces without their own; "{}" = upstream's defaults; "none" = no throttle. */
  DEFAULT_THROTTLE?: string;
  /** JSON of how long audit lines are kept, e.g. {"maxAge":31536000} (s); maxLines. Absent: 90 days, 1,000,000. */
  AUDIT_RETENTION?: string;
  /** JSON of how long records are kept where a namespace sets none, as {"maxAge":604800} (s); maxRecords, maxBytes. */
  DEFAULT_RETENTION?: string;
  /** Seconds a call may wait for a host before it ends as an error. An annotation `max-queue-time` goes before it. */
  MAX_QUEUE_TIME?: string;
  /** "true": cron patterns of alarms have five fields, or 0 for their seconds. */
  LIMIT_CRON_FIELDS?: string;
  /** Seconds (0 to 59; absent: 0) by which alarms of five fields are spread over their minute, by triggers' names. */
  ALARM_DELAY_LIMIT?: string;
  /** Seconds (0 to 60) before a schedule fires in which containers for its rules are made if there is room. 0: none. */
  SCHEDULE_LOOK_AHEAD?: string;
  /** "true": alarms are not spread unless their owner says `strict: false`. */
  ALARM_DELAY_DEFAULT_STRICT?: string;
  /** Where records of activations go from the objects: "d1" (also where it is absent), "r2" or "d1+r2". */
  ACTIVATION_STORE?: string;
  /** JSON of partial RecordBounds, e.g. {"databaseBytes":5000000000}: what an object holds while its records are not
   * taken, and where a database of records ends. */
  RECORD_BOUNDS?: string;
  /** Ranges (CIDR, by commas) that hooks may reach though not public. On Cloudflare nothing private is reached. */
  OUTBOUND_ALLOW?: string;
  /** "off": nothing is counted, `GET /metrics` is a 404; what is told elsewhere stays. Absent: "on". */
  METRICS_MODE?: string;
  /** Names of namespaces, with commas between them, whose calls the metrics do not tell by action. */
  METRICS_IGNORED_NAMESPACES?: string;
  /** To where the user events of all namespaces are sent, by POST. Absent: nowhere. */
  USER_EVENTS_URL?: string;
  /** Secret of at least 16 characters: signs each batch of user events. Needed where USER_EVENTS_URL is set. */
  USER_EVENTS_SECRET?: string;
  /** Secret: batches of user events are sent with it, as `Authorization: Bearer …`. */
  USER_EVENTS_TOKEN?: string;
  /** "1": hosts may come that are larger, or have other labels or kinds, than any seen so far: calls wait for them. */
  HOSTS_MAY_COME?: string;
  /** The least security level of a host: "containers", "confined" or "strict". One below takes nothing. Absent: any. */
  HOST_SECURITY_FLOOR?: string;
  /** "shown": `/invokers` tells the hosts' names to everybody; else it does so on loopback only. */
  INVOKER_NAMES?: string;
  /** Name of the header in which the proxy in front of us says where a request comes from, whatever its client sent. */
  CLIENT_ADDRESS_HEADER?: string;
  /** Names under which the console is served, and nothing that a tenant has made: a custom domain of its own. Absent:
   * the console is off, or has a port of its own (one-machine mode). */
  CONSOLE_HOST?: string;
  /** How much is logged: "debug", "info" (each request, with its transaction id), "warn" (if absent) or "error". */
  LOG_LEVEL?: string;
  /** What this says it is built from: `build` in `GET /api/v1`. */
  BUILD?: string;
  /** When BUILD was made, ISO 8601. */
  BUILD_DATE?: string;
  /** What Cloudflare says of the version that is deployed. */
  VERSION?: { timestamp: string };
  /** ms added before each confirmed write of an object returns: shows locally what a commit costs in production. */
  BENCH_COMMIT_DELAY?: string;
}

export interface Settings {
  shards: number;
  activationStore: ActivationStoreMode;
  bounds: LimitBounds;
  developmentKeys: boolean;
  /** Whoever asks us himself, and not through a host's forwarder, is on our own machine. */
  onLoopback: boolean;
  /** `/invokers` shows the names of hosts. */
  invokerNames: boolean;
  /** Absent: nobody has said which one this is. */
  build?: string;
  /** When this was built or, of what is deployed, uploaded: ISO 8601. */
  buildDate?: string;
  /** ms a call may wait for a host. */
  maxQueue: number;
  hostsMayCome: boolean;
  /** Ranges that are reached though they are not public. */
  outboundAllow: readonly string[];
  alarms: AlarmSettings;
  /** ms before a schedule fires in which its containers are prepared; 0: none are. */
  lookAheadMs: number;
  /** The least security level of hosts; absent: any. */
  securityFloor?: SecurityLevel;
  /** Null: nobody in front of us says where requests come from. */
  clientAddressHeader: string | null;
  retention: RetentionPolicy;
  auditRetention: AuditRetention;
  /** False: namespaces without their own limits are not throttled. */
  throttle: boolean;
  /** What namespaces without their own limits get, and what is shown as the system's default. */
  throttleDefaults: ThrottleLimits;
}

export type ThrottleLimits = Required<
  Pick<NamespaceLimits, "invocationsPerMinute" | "concurrentInvocations" | "firesPerMinute">
> &
  Pick<NamespaceLimits, "concurrentMemory">;

export type Checked = { ok: true; settings: Settings; masterSecret: MasterSecret } | { ok: false; faults: Fault[] };

const NO_THROTTLE: ThrottleLimits = Throttle.parse({});
/** Lower-case names or addresses, with a port where it is not the scheme's. */
const CONSOLE_HOSTS = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(,([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?)*$/;

const Secrets = z.object({ MASTER_SECRET: masterSecret, MASTER_SECRET_PREVIOUS: variable });

/** Each by its name. What one is where nothing is set is what it makes of `undefined`. */
export const Variables = Secrets.extend({
  DB: binding("prepare", "the D1 database"),
  RECORDS_0: binding("prepare", "the D1 database of activation records"),
  BLOBS: binding("put", "the R2 bucket"),
  SCHEDULER: object,
  ACTIVATIONS: object,
  THROTTLE: object,
  EPOCH: object,
  COMPOSITION: object,
  SCHEDULE: object,
  SINKS: object,
  SOURCES: object,
  SUBSCRIPTIONS: object,
  ROSTER: object,
  METRICS: object,
  OUTBOUND: binding("fetch", "the network service").optional(),
  FEEDS: binding("fetch", "the service that reads files").optional(),
  FEED_FILES: FeedFiles,
  FEED_QUEUES: FeedQueues,
  ADMIN_TOKEN: variable,
  METRICS_TOKEN: variable,
  ACTIVATION_SHARDS: variable
    .transform((text) => Number(text ?? "4"))
    .refine((shards) => Number.isInteger(shards) && shards >= 1 && shards <= 256, "must be a number from 1 to 256"),
  DEVELOPMENT_KEYS: variable.refine(
    (text) => text === undefined || text === "loopback" || text === "everywhere",
    'must be "loopback", "everywhere", or absent',
  ),
  LIMITS: variable.transform((text, context) => jsonOf(text ?? "{}", Limits, context)),
  DEFAULT_THROTTLE: variable.transform((text, context) =>
    text === "none" ? null : jsonOf(text ?? "{}", Throttle, context),
  ),
  AUDIT_RETENTION: variable.transform((text, context) => jsonOf(text ?? "{}", AuditRetention, context)),
  DEFAULT_RETENTION: variable.transform((text, context) => jsonOf(text ?? "{}", RetentionPolicy, context)),
  MAX_QUEUE_TIME: variable
    .transform((text) => Number(text ?? DEFAULT_QUEUE_TIME))
    .refine(
      (seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_QUEUE_TIME,
      `must be a number of seconds from 1 to ${MAX_QUEUE_TIME}`,
    ),
  ACTIVATION_STORE: variable
    .transform((text) => activationStoreModeOf(text ?? "d1"))
    .refine((mode) => mode !== undefined, `must be ${ACTIVATION_STORE_CHOICES}`),
  RECORD_BOUNDS: variable.transform((text, context) => jsonOf(text ?? "{}", Bounds, context)),
  LIMIT_CRON_FIELDS: flag,
  ALARM_DELAY_LIMIT: variable
    .transform((text) => Number(text ?? "0"))
    .refine((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds < 60, "must be a number from 0 to 59"),
  ALARM_DELAY_DEFAULT_STRICT: flag,
  SCHEDULE_LOOK_AHEAD: variable
    .transform((text) => Number(text ?? "5"))
    .refine((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= 60, "must be a number from 0 to 60"),
  OUTBOUND_ALLOW: variable
    .refine(
      (text) => text === undefined || RANGES.test(text),
      "must be ranges such as 10.1.0.0/16, with commas between them",
    )
    .transform((text) => text?.split(",") ?? []),
  ...Counted,
  ...UserEvents,
  HOSTS_MAY_COME: variable.refine((text) => text === undefined || text === "0" || text === "1", 'must be "1" or "0"'),
  HOST_SECURITY_FLOOR: securityLevel,
  INVOKER_NAMES: variable.refine((text) => text === undefined || text === "shown", 'must be "shown", or absent'),
  CLIENT_ADDRESS_HEADER: variable.refine(
    (text) => text === undefined || /^[A-Za-z0-9-]{1,64}$/.test(text),
    "must be the name of a header",
  ),
  CONSOLE_HOST: variable.refine(
    (text) => text === undefined || CONSOLE_HOSTS.test(text),
    "must be a host such as console.example.org, or several with commas between them",
  ),
  LOG_LEVEL: logLevel,
  BUILD: variable,
  BUILD_DATE: variable.refine((text) => text === undefined || isDate(text), "must be a date"),
  VERSION: z.object({ timestamp: z.string() }).optional(),
  BENCH_COMMIT_DELAY: variable.refine((text) => Number(text ?? "0") >= 0, "must be a number of ms"),
});

/** Whether a request came for the console's own host. */
export function isConsoleHost({ headers }: Request, { CONSOLE_HOST: hosts }: Pick<Env, "CONSOLE_HOST">): boolean {
  if (hosts === undefined || hosts === "") return false;
  return hosts.split(",").includes((headers.get("Host") ?? "").toLowerCase());
}

/** All that is wrong at once, so that it can be mended at once. */
export function checkEnv(env: Env): Checked {
  // Named one by one: what else an environment holds is not looked at.
  const given = Object.fromEntries(Object.keys(Variables.shape).map((name) => [name, env[name as keyof Env]]));
  const parsed = Variables.safeParse(given);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error) };
  const { data } = parsed;
  const lacking = userEventsFault(data);
  if (lacking !== null) return { ok: false, faults: [lacking] };
  const buildDate = data.BUILD_DATE ?? data.VERSION?.timestamp;
  const floor = securityFloor(env);
  return {
    ok: true,
    masterSecret: secretOf(data),
    settings: {
      shards: data.ACTIVATION_SHARDS,
      activationStore: data.ACTIVATION_STORE ?? "d1",
      bounds: data.LIMITS,
      developmentKeys: data.DEVELOPMENT_KEYS !== undefined,
      onLoopback: data.DEVELOPMENT_KEYS === "loopback",
      invokerNames: data.INVOKER_NAMES === "shown",
      ...(data.BUILD === undefined ? {} : { build: data.BUILD }),
      ...(buildDate === undefined ? {} : { buildDate }),
      maxQueue: data.MAX_QUEUE_TIME * 1000,
      lookAheadMs: data.SCHEDULE_LOOK_AHEAD * 1000,
      alarms: {
        limitCronFields: data.LIMIT_CRON_FIELDS,
        delayLimit: data.ALARM_DELAY_LIMIT,
        defaultStrict: data.ALARM_DELAY_DEFAULT_STRICT,
      },
      outboundAllow: data.OUTBOUND_ALLOW,
      hostsMayCome: data.HOSTS_MAY_COME === "1",
      ...(floor === undefined ? {} : { securityFloor: floor }),
      clientAddressHeader: data.CLIENT_ADDRESS_HEADER ?? null,
      retention: data.DEFAULT_RETENTION,
      auditRetention: data.AUDIT_RETENTION,
      throttle: data.DEFAULT_THROTTLE !== null,
      throttleDefaults: data.DEFAULT_THROTTLE ?? NO_THROTTLE,
    },
  };
}

/** For objects, which serve nobody without the Worker. Throws what is wrong. */
export function masterSecretOf(env: Pick<Env, "MASTER_SECRET" | "MASTER_SECRET_PREVIOUS">): MasterSecret {
  const parsed = Secrets.safeParse(env);
  if (!parsed.success) throw new Error(sentenceOf(faultsOf(parsed.error)));
  return secretOf(parsed.data);
}

/** ms the longest action may run. What runs when the environment has gone bad is bounded as by default. */
export function longestRun(env: Env): number {
  const checked = checkEnv(env);
  return (checked.ok ? checked.settings.bounds : DEFAULT_BOUNDS).timeout.max;
}

/** ms a call may wait for a host. What was accepted before the variable went bad waits as long as by default. */
export function longestQueue(env: Pick<Env, "MAX_QUEUE_TIME">): number {
  const parsed = Variables.shape.MAX_QUEUE_TIME.safeParse(env.MAX_QUEUE_TIME);
  return (parsed.success ? parsed.data : DEFAULT_QUEUE_TIME) * 1000;
}

/** ms before a schedule fires in which containers are prepared; 0: none are, also where the variable makes no sense. */
export function lookAheadMs(env: Pick<Env, "SCHEDULE_LOOK_AHEAD">): number {
  const parsed = Variables.shape.SCHEDULE_LOOK_AHEAD.safeParse(env.SCHEDULE_LOOK_AHEAD);
  return parsed.success ? parsed.data * 1000 : 0;
}

/** Null: what it says makes no sense, and nothing is moved until it does. */
export function activationStoreMode(env: Pick<Env, "ACTIVATION_STORE">): ActivationStoreMode | null {
  const parsed = Variables.shape.ACTIVATION_STORE.safeParse(env.ACTIVATION_STORE);
  return parsed.success ? (parsed.data ?? null) : null;
}

/** What objects hold of records. Those they have are kept as by default where the variable makes no sense. */
export function recordBounds(env: Pick<Env, "RECORD_BOUNDS">): RecordBounds {
  const parsed = Variables.shape.RECORD_BOUNDS.safeParse(env.RECORD_BOUNDS);
  return parsed.success ? parsed.data : RECORD_BOUNDS;
}

/** One text for log and callers. */
export function sentenceOf(faults: readonly Fault[]): string {
  const parts = faults.map(({ variable, reason }) => `${variable} ${reason}.`);
  return `The platform is not configured and does nothing until it is. ${parts.join(" ")}`;
}

function secretOf(given: z.infer<typeof Secrets>): MasterSecret {
  return { current: given.MASTER_SECRET, previous: given.MASTER_SECRET_PREVIOUS ?? null };
}

/** The least security level of hosts; undefined: any. While the variable makes no sense nothing else is done either. */
export function securityFloor({
  HOST_SECURITY_FLOOR: text,
}: Pick<Env, "HOST_SECURITY_FLOOR">): SecurityLevel | undefined {
  return text !== undefined && isLevel(text) ? text : undefined;
}
