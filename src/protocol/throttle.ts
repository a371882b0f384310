// What is asked of the Throttle, the object that counts what one namespace starts; one by the namespace's permanent id.

import type { ActivationId } from "../entities/activation-id.ts";
import type { NamespaceLimits } from "../entities/identity.ts";

/** Whether one more call may be made now; `count` is what has been made or is in use, `allowed` the limit that was hit (memory in MB). `reset`:
 * ms after which a rate counts anew. */
export type Permit = { ok: true } | { ok: false; reason: PermitReason; count: number; allowed: number; reset?: number };
export type PermitReason = "rate" | "concurrency" | "memory" | "instances";

/** One invoke or fire. */
export interface PermitRequest {
  id: ActivationId;
  kind: "invoke" | "fire";
  limits: NamespaceLimits;
  /** Epoch ms at which the concurrency slot is free again if nobody gives it back. */
  expiresAt: number;
  /** Of several that come together, how many: all of them or none. Absent = 1. */
  count?: number;
}

/** What a call would hold while it runs, known once its action is. Absent bounds: none. */
export interface HoldRequest {
  id: ActivationId;
  /** MB, and MB that the namespace may hold. */
  memory: { wanted: number; allowed?: number };
  /** Activations of this action that may be in flight. */
  action: { path: string; allowed?: number };
  /** As of PermitRequest. */
  expiresAt: number;
}

/** What of a namespace's counts is used now. */
export interface ThrottleUsage {
  invocationsThisMinute: number;
  firesThisMinute: number;
  /** ms until these count anew. */
  reset: number;
  concurrentInvocations: number;
  /** MB held by calls of which that is asked. */
  memoryInUse: number;
}

/** Counts the calls of one namespace. */
export interface ThrottleRpc {
  enter(request: PermitRequest): Promise<Permit>;
  /** For calls of actions, or namespaces, with a bound on what is held; given back by `leave`. */
  hold(request: HoldRequest): Promise<Permit>;
  usage(): Promise<ThrottleUsage>;
  /** One of what has a name of its own, such as a webhook, and may come so often in a minute. */
  pass(name: string, perMinute: number): Promise<Permit>;
  /** Activations that ended. Unknown ids are ignored. */
  leave(ids: ActivationId[]): Promise<void>;
}
