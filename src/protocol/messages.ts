// What a scheduler and a host say to each other over the host's WebSocket: one union per direction. PROTOCOL.md tells
// the story; the limits below belong to the receiver and are not negotiated.

import * as z from "zod";

export { MAX_INLINE } from "../entities/limits.ts";

import { SECURITY_LEVELS } from "../entities/security-level.ts";
import { ActivationMetaSchema, Invocation } from "./invocation.ts";
import { areLines, namesItsOwn, ReportedCompletion } from "./reported.ts";

/** Named in `hello`; a host with another one is refused. New fields need no new version: they are optional. */
export const PROTOCOL_VERSION = 1;

/** Bytes (UTF-8) of one frame. Larger arguments, results and logs take the blob API. */
export const MAX_FRAME = 256 * 1024;
/** Messages in one frame. */
export const MAX_BATCH = 256;
/** The host pings this often (ms); a scheduler whose last ping is older than DEAD_AFTER
 * treats the host as unreachable. */
export const PING_EVERY = 5_000;
/** ms without a ping after which a host counts as unreachable. */
export const DEAD_AFTER = 12_000;
/** Text of a ping and its answer; answered by the platform without waking the object. */
export const PING = "ping";
/** The platform's answer to `PING`. */
export const PONG = "pong";

/** Attempts of one activation: what a host's disk has digits for. */
export const MAX_ATTEMPT = 999_999_999;
const ID = /^[0-9a-f]{32}$/;

/** Whether a value is an activation id: 32 hex digits in lower case. */
export function isIdText(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}

/** Fences a run: the scheduler incarnation that granted it and its running number there. */
export const Lease = z.object({ epoch: z.number().int().nonnegative(), counter: z.number().int().nonnegative() });
export type Lease = z.infer<typeof Lease>;

const id = z.string().regex(ID);
const attempt = z.number().int().positive().max(MAX_ATTEMPT);
const epoch = z.number().int().nonnegative();
/** MB. */
const memory = z.number().nonnegative().max(1e9);
/** Words for people: what is too long is cut. */
const told = (most: number) => z.string().transform((text) => text.slice(0, most));

/** A kind that a host can run now. Texts that are too long are cut. */
export const RuntimeReport = z.object({
  kind: z.string().max(100),
  /** Image reference, or the command's version for the process engine. */
  image: told(500),
  /** Image id or content digest. */
  digest: told(200),
});
export type RuntimeReport = z.infer<typeof RuntimeReport>;

/** What a host's engine enforces: runtime-host/engine/SECURITY.md says what each level promises. */
export const SecurityReport = z.object({
  level: z.enum(SECURITY_LEVELS),
  /** Name and version. */
  engine: z.string().max(100),
  /** Version of the cgroups, 0 = none. */
  cgroup: z.number(),
  seccomp: z.boolean(),
  firewall: z.boolean(),
  userNamespaces: z.boolean(),
  diskQuota: z.boolean(),
  /** What it would need for the levels above, each with the level's name in front. */
  lacks: z.array(z.string().max(300)).max(20),
});
export type SecurityReport = z.infer<typeof SecurityReport>;

/** What a host says of itself in `hello`: who it is, what it can run, and how it is. */
export const HostReport = z.object({
  version: z.literal(PROTOCOL_VERSION),
  host: z.string().max(64),
  shard: z.number().int().nonnegative(),
  /** New at each start of the host process: what ran under another boot id is gone. */
  boot: z.string().min(1).max(100),
  build: told(100),
  engine: told(100),
  /** MB this scheduler shard may use for running activations. */
  memory: memory.positive(),
  runtimes: z.array(RuntimeReport).max(100),
  /** Whether black box images can run here. */
  blackbox: z.boolean(),
  /** Highest epoch this host has obeyed on this shard. */
  epoch,
  /** Absent = healthy; else the reason why not. */
  unhealthy: told(500).exactOptional(),
  /** What does not work there though the rest does. Absent = nothing. */
  impaired: told(500).exactOptional(),
  security: SecurityReport.exactOptional(),
  /** What its operator says of it; calls may ask for hosts with certain labels. */
  labels: z.array(z.string().max(64)).max(16).exactOptional(),
  /** It understands `tail`. */
  follows: z.boolean().exactOptional(),
  /** It understands `prepare`. */
  prepares: z.boolean().exactOptional(),
  /** It understands `list`. */
  lists: z.boolean().exactOptional(),
});
export type HostReport = z.infer<typeof HostReport>;

/** Characters of a runtime in it: images have names of any length. */
export const MAX_RUNTIME = 300;

/** Equal containers of a host that run nothing. */
export const IdleContainers = z.object({
  /** Of whose calls they are, by its id, and the action's path; absent: they are kept ready for any action. */
  namespaceId: z.string().max(256).exactOptional(),
  action: told(800).exactOptional(),
  /** Kind, or `blackbox:` and the image. */
  runtime: told(MAX_RUNTIME),
  /** MB that one may have. */
  memory,
  containers: z.number().int().positive(),
  /** Of these: frozen until the next call. */
  paused: z.number().int().nonnegative(),
  /** ms since the one that has waited longest had its last run, or was made. */
  idleMs: z.number().nonnegative(),
});
export type IdleContainers = z.infer<typeof IdleContainers>;
/** Groups of them that are told at most. */
export const MAX_IDLE_GROUPS = 100;

/** A run that a host names in its inventory. */
export const RunningItem = z.object({
  ...{ id, attempt, lease: Lease, memory, about: ActivationMetaSchema },
  /** Of the action: what has the same shares containers. */
  revision: z.string().max(256).exactOptional(),
});
export type RunningItem = z.infer<typeof RunningItem>;

/** Everything a host may say, by `t`. */
export const HostMessage = z.discriminatedUnion("t", [
  /** First on every socket. */
  z.object({ t: z.literal("hello"), report: HostReport }),
  /** Answer to `welcome`; after it the unacknowledged records follow again. `more` while further pages come. A run that
   * has answered but has no record yet is named with memory 0; `kept` names the records that will follow,
   * also of earlier boots. */
  z.object({
    t: z.literal("inventory"),
    epoch,
    boot: z.string().max(100),
    running: z.array(RunningItem),
    kept: z.array(z.object({ id, attempt })).exactOptional(),
    more: z.boolean(),
  }),
  /** `/run` has answered; logs may still be missing. Releases the caller and the run's memory. */
  z
    .object({ t: z.literal("result"), id, attempt, lease: Lease, completion: ReportedCompletion })
    .refine(namesItsOwn, "names what is not its own"),
  /** The run is over and complete, logs included. Kept by the host, on disk, until `stored`. */
  z
    .object({
      t: z.literal("record"),
      id,
      attempt,
      lease: Lease,
      about: ActivationMetaSchema,
      completion: ReportedCompletion,
    })
    .refine(namesItsOwn, "names what is not its own"),
  /** The run was never started, and will not be under this lease. */
  z.object({
    t: z.literal("refused"),
    id,
    attempt,
    lease: Lease,
    reason: z.enum(["busy", "stale", "draining", "unsupported", "duplicate"]),
  }),
  /** Answer to `tail`: lines that were there already, or came meanwhile; none if nobody printed in time. `over`: it
   * does not run here any more, its record tells the rest. */
  z.object({
    t: z.literal("lines"),
    ...{ id, ask: z.number() },
    attempt: attempt.exactOptional(),
    /** JSON texts of the lines, with commas between. */
    text: z
      .string()
      .refine((text) => areLines(`[${text}]`), "is not made of lines")
      .exactOptional(),
    /** Where the next `tail` goes on. */
    next: z.number().int().nonnegative(),
    over: z.boolean().exactOptional(),
  }),
  /** Answer to `prepare`: a container that has the action is there, or why none was made. */
  z.object({
    t: z.literal("prepared"),
    ask: z.number(),
    /** Absent: there is one. */
    reason: told(300).exactOptional(),
    /** MB that were free for it. */
    have: memory.exactOptional(),
  }),
  /** Answer to `list`: containers that run nothing, those that have waited longest first. */
  z.object({
    t: z.literal("listed"),
    ask: z.number(),
    idle: z.array(IdleContainers).max(MAX_IDLE_GROUPS),
    /** There are others. */
    more: z.boolean(),
  }),
  /** Health or capacity changed. */
  z.object({
    t: z.literal("health"),
    memory,
    unhealthy: told(500).exactOptional(),
    impaired: told(500).exactOptional(),
  }),
]);
export type HostMessage = z.infer<typeof HostMessage>;

/** Everything a scheduler may say, by `t`. What carries an epoch is obeyed only if no higher one has been seen. */
export const SchedulerMessage = z.discriminatedUnion("t", [
  /** The scheduler's incarnation; the host obeys the highest epoch it has seen and answers with its inventory. */
  z.object({ t: z.literal("welcome"), epoch: z.number().int().nonnegative(), name: z.string() }),
  /** Start this, once. `key` is the credential for __OW_API_KEY where the action gets one. */
  z.object({
    t: z.literal("run"),
    epoch: z.number(),
    lease: Lease,
    attempt,
    invocation: Invocation,
    key: z.string().exactOptional(),
  }),
  /** These records are durable; the host may forget them. */
  z.object({ t: z.literal("stored"), epoch: z.number(), items: z.array(z.object({ id, attempt })) }),
  /** Somebody follows this run: its output from this place on, now or within `wait` ms.
   * Nothing is sent that was not asked for. */
  z.object({
    t: z.literal("tail"),
    ...{ id, ask: z.number(), from: z.number().int().nonnegative(), wait: z.number().nonnegative() },
  }),
  /** This is about to be called: if there is room that nobody uses, a container is made and given its action. Nothing
   * runs; `id` and arguments are nobody's. Answered within `wait` ms. */
  z.object({
    t: z.literal("prepare"),
    epoch: z.number(),
    ask: z.number(),
    wait: z.number().nonnegative(),
    invocation: Invocation,
    key: z.string().exactOptional(),
  }),
  /** Somebody looks at the host: which containers run nothing? */
  z.object({ t: z.literal("list"), ask: z.number() }),
  /** The object is going away for a moment: send nothing new, dial again. */
  z.object({ t: z.literal("redial"), epoch: z.number() }),
]);
export type SchedulerMessage = z.infer<typeof SchedulerMessage>;
