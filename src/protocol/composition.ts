// What runs inside a Composition object, and what it asks of the Worker for each step. A run is one sequence or
// conductor with all that is nested in it; each of its steps has an id that follows from its parent's, so a step asked
// for twice is one step.

import type { ActivationMeta, ActivationRecord, Payload } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import type { ActionLimits } from "../entities/limits.ts";
import type { Rights } from "../entities/rights.ts";
import type { Scope } from "../entities/scope.ts";
import type { Failure } from "../errors.ts";

/** `ns` or `ns/package`, and the name in it. */
export interface ActionName {
  path: string;
  name: string;
}

/** What a composition goes by. A sequence has at most fifty components, in order; a conductor is asked after each
 * step. */
export type CompositionPlan =
  | { kind: "sequence"; components: ActionName[] }
  /** The action that is asked what comes next. */
  | { kind: "conductor"; action: ActionName };

/** On whose behalf the steps run. The key is sealed: it lies in the object's storage. */
export interface OnBehalf {
  identity: Omit<Identity, "key">;
  sealedKey: string;
  /** Scheme and host under which the caller reached this platform. */
  apiHost: string;
}

/** A sequence or conductor to be run. */
export interface CompositionRun {
  /** Of the primary record. */
  id: ActivationId;
  /** Its kind is "sequence" for both plans. */
  about: ActivationMeta;
  plan: CompositionPlan;
  /** Arguments with all parameter layers merged; what is large lies in the blob store. */
  args: Payload;
  onBehalf: OnBehalf;
}

/** What becomes of a run that was handed to its object. A thrown error means that nobody knows: ask again, it is
 * idempotent. */
export type RunReply =
  /** It ended within the wait. */
  | { kind: "done"; record: ActivationRecord }
  /** Its row is confirmed: the id may leave, and it ends in exactly one record. */
  | { kind: "accepted" }
  /** Too many run already; nothing is known of it here. */
  | { kind: "full" };

/** One per namespace and shard, named as the ActivationStore that keeps the records: an id is the address of both. */
export interface CompositionRpc {
  /** Idempotent by id. Returns when the run is confirmed and `waitMs` are over or it has ended. */
  run(run: CompositionRun, options: { waitMs: number }): Promise<RunReply>;
  /** Whether this run is under way. */
  runs(id: ActivationId): Promise<boolean>;
  /** Of these activations those that a run under way may be, or may have begun: its steps,
   * and what they are made of. */
  involved(ids: ActivationId[]): Promise<ActivationId[]>;
  /** Runs under way, for status pages. */
  backlog(): Promise<{ running: number }>;
}

/** One step, as the object asks the Worker for it. */
export interface StepRequest {
  id: ActivationId;
  /** The record this one is a part of: `cause`, with `causedBy` "sequence". */
  cause: ActivationId;
  onBehalf: OnBehalf;
  transactionId: string;
  action: ActionName;
  /** "conductor": the action itself is run, although its annotation makes it a composition. */
  role: "component" | "conductor";
  payload: Payload;
  /** ms the Worker may wait for the outcome before it answers "accepted". */
  waitMs: number;
}

/** What the Worker made of a step. A thrown error means that nobody knows: ask again under the same id. */
export type StepReply =
  | { kind: "done"; record: ActivationRecord }
  /** Its row is confirmed in the store of `id`. */
  | { kind: "accepted"; limits: ActionLimits }
  /** The component is a composition itself: nothing was started, the run goes on inside.
   * `args` has its parameters merged. */
  | {
      kind: "nested";
      about: ActivationMeta;
      plan: CompositionPlan;
      args: Payload;
      /** What its steps may do at most; absent: whatever its caller may. */
      rights?: Rights;
      /** The names they may use; absent: all that its caller may. */
      scope?: Scope;
    }
  /** Nothing was started: it is not there, not allowed, not possible. */
  | { kind: "refused"; failure: Failure };
