// What is asked of the Throttle, the object that counts what one namespace starts; one by the namespace's permanent id.

import type { ActivationId } from "../entities/activation-id.ts";
import type { NamespaceLimits } from "../entities/identity.ts";

/** Whether one more call may be made now; `running`: of an invoke that was let in, how many run with it; `count` is
 * what has been made or is in use, `allowed` the limit that was hit (memory in MB). `reset`:
 * ms after which a rate counts anew. */
export type Permit =
  | { ok: true; running?: number; lease?: PermitLease }
  | { ok: false; reason: PermitReason; count: number; allowed: number; reset?: number };
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
  /** What became of leases that this isolate had. */
  settled?: LeaseReport[];
  /** The name of the lease that it would like. */
  wish?: string;
}

/** What an isolate may start by itself: calls that are counted in the minute already, and places that are taken. */
export interface PermitLease {
  id: string;
  calls: number;
  /** Of fires none. */
  places: number;
  /** ms, counted from before it was asked for. */
  ttl: number;
  /** How many of the namespace's ran, but those for which others have leases. */
  running: number;
}

/** How a lease ended: how many calls were made by it, and which of them hold a place still. */
export interface LeaseReport {
  id: string;
  used: number;
  running: ActivationId[];
  /** As of PermitRequest. */
  expiresAt: number;
}

/** A lease that is asked for ahead of need. */
export type LeaseRequest = Required<Pick<PermitRequest, "kind" | "limits" | "wish">>;

/** What a call would hold while it runs, known once its action is. Absent bounds: none. */
export interface HoldRequest {
  id: ActivationId;
  /** MB, and MB that the namespace may hold. */
  memory: { wanted: number; allowed?: number };
  /** Activations of this action that may be in flight. */
  action: { path: string; allowed?: number };
  /** As of PermitRequest. */
  expiresAt: number;
  /** The lease by which it takes a place. */
  lease?: string;
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
  /** Null where too little is left to be shared out. */
  lease(request: LeaseRequest): Promise<PermitLease | null>;
  /** Leases that are used no more. */
  settle(reports: LeaseReport[]): Promise<void>;
  /** For calls of actions, or namespaces, with a bound on what is held; given back by `leave`. */
  hold(request: HoldRequest): Promise<Permit>;
  usage(): Promise<ThrottleUsage>;
  /** One of what has a name of its own, such as a webhook, and may come so often in a minute. */
  pass(name: string, perMinute: number): Promise<Permit>;
  /** Activations that ended. Unknown ids are ignored. */
  leave(ids: ActivationId[]): Promise<void>;
}
