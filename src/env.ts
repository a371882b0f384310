// The bindings the Worker and the objects are given (wrangler.toml), and the plain variables parsed once per isolate.

import { z } from "zod";
import type { NamespaceLimits } from "./entities/identity.ts";
import {
  DEFAULT_BOUNDS,
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
  type LimitBounds,
} from "./entities/limits.ts";
import type { CompositionRpc } from "./protocol/composition.ts";
import type { ActivationStoreRpc, GateRpc, InvokerSchedulerRpc, RosterRpc } from "./protocol/rpc.ts";

type Branded<T> = T & Rpc.DurableObjectBranded;

export interface Env {
  DB: D1Database;
  BLOBS: R2Bucket;
  SCHEDULER: DurableObjectNamespace<Branded<InvokerSchedulerRpc>>;
  ACTIVATIONS: DurableObjectNamespace<Branded<ActivationStoreRpc>>;
  GATE: DurableObjectNamespace<Branded<GateRpc>>;
  COMPOSITION: DurableObjectNamespace<Branded<CompositionRpc>>;
  ROSTER: DurableObjectNamespace<Branded<RosterRpc>>;
  /** Secret: opens the admin API. Absent = the admin API answers 403 to everybody. */
  ADMIN_TOKEN?: string;
  /** Secret: keys for identity look-up, sealing and credentials are derived from it. */
  MASTER_SECRET: string;
  /** Number of ActivationStore shards per namespace (1 to 256). May grow, never shrink. */
  ACTIVATION_SHARDS?: string;
  /** "loopback": the one-machine mode with well-known keys, honoured on loopback or the container bridge only. */
  DEVELOPMENT_KEYS?: string;
  /** JSON of partial LimitBounds, e.g. {"concurrency":{"max":200}}. */
  LIMITS?: string;
  /** JSON of NamespaceLimits for namespaces without their own; "{}" = upstream's defaults; "none" = no throttle. */
  DEFAULT_THROTTLE?: string;
  BUILD?: string;
  /** ms added before each confirmed write of an object returns: shows locally what a commit costs in production. */
  BENCH_COMMIT_DELAY?: string;
}

export interface Settings {
  shards: number;
  bounds: LimitBounds;
  developmentKeys: boolean;
  build: string;
  commitDelay: number;
  /** False: namespaces without their own limits are not throttled. */
  throttle: boolean;
  /** What namespaces without their own limits get, and what is shown as the system's default. */
  throttleDefaults: ThrottleLimits;
}

export type ThrottleLimits = Required<
  Pick<NamespaceLimits, "invocationsPerMinute" | "concurrentInvocations" | "firesPerMinute">
>;

const bounds = z.object({ min: z.number(), std: z.number(), max: z.number() }).partial();
const Limits = z.object({ timeout: bounds, memory: bounds, logs: bounds, concurrency: bounds }).partial();

const count = z.number().int().nonnegative();
const Throttle = z.strictObject({
  invocationsPerMinute: count.default(DEFAULT_INVOCATIONS_PER_MINUTE),
  concurrentInvocations: count.default(DEFAULT_CONCURRENT),
  firesPerMinute: count.default(DEFAULT_FIRES_PER_MINUTE),
});

/** Throws with the variable's name if a value makes no sense. */
export function settingsOf(env: Env): Settings {
  const shards = Number(env.ACTIVATION_SHARDS ?? "4");
  if (!Number.isInteger(shards) || shards < 1 || shards > 256)
    throw new RangeError("ACTIVATION_SHARDS must be 1 to 256");
  const given = Limits.parse(JSON.parse(env.LIMITS ?? "{}"));
  return {
    shards,
    bounds: {
      timeout: { ...DEFAULT_BOUNDS.timeout, ...given.timeout },
      memory: { ...DEFAULT_BOUNDS.memory, ...given.memory },
      logs: { ...DEFAULT_BOUNDS.logs, ...given.logs },
      concurrency: { ...DEFAULT_BOUNDS.concurrency, ...given.concurrency },
    } as LimitBounds,
    developmentKeys: env.DEVELOPMENT_KEYS === "loopback",
    build: env.BUILD ?? "dev",
    commitDelay: Number(env.BENCH_COMMIT_DELAY ?? "0"),
    throttle: env.DEFAULT_THROTTLE !== "none",
    throttleDefaults: Throttle.parse(
      JSON.parse(env.DEFAULT_THROTTLE === "none" ? "{}" : (env.DEFAULT_THROTTLE ?? "{}")),
    ),
  };
}
