// All that invoking asks of the world. The Worker provides it over its bindings, tests and the simulator over theirs.

import type { ActivationId } from "../entities/activation-id.ts";
import type { Identity, NamespaceLimits } from "../entities/identity.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import type { FireStoreRpc } from "../protocol/fire.ts";
import type { ActivationStoreRpc, EpochLease, InvokerSchedulerRpc, RosterEntry } from "../protocol/rpc.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import type { Builtin } from "./builtin.ts";
import type { Permitting } from "./permit-leases.ts";

/** Calls a timer off; does nothing if it has run. */
export type CancelTimer = () => void;

/** What is counted of calls; a call takes no step more for it. */
export interface CallCounts {
  /** An action was looked for: `hit` = it was in memory. */
  looked(hit: boolean): void;
  /** A call goes to its scheduler or store, so many ms after its acceptance. */
  handedOver(ms: number, options: { blocking: boolean }): void;
  /** Whoever waited has heard the end after so many ms. */
  ended(ms: number): void;
  /** The end came from the store instead of the scheduler. */
  retrieved(): void;
  /** No scheduler had room at once. */
  overloaded(options: { blackBox: boolean }): void;
}

/** What handing over a call needs. */
export interface SubmitPorts {
  now(): number;
  /** Calls `run` once after `ms`, unless cancelled. */
  after(ms: number, run: () => void): CancelTimer;
  scheduler(name: string): Pick<InvokerSchedulerRpc, "invoke">;
  /** The store object that keeps this activation. */
  storeOf(activation: {
    id: ActivationId;
    about: { namespaceId: string };
  }): Pick<ActivationStoreRpc, "accept" | "open" | "await" | "fail">;
  /** Why nothing can be stored now, as a sentence for whoever asked, or null where that is not known. Never rejects. */
  ailing?(): Promise<string | null>;
  /** Something that should not happen but is survived. */
  warn?(text: string): void;
  counts?: CallCounts;
}

type Caller = Pick<Identity, "namespace" | "subject">;

/** What the whole story needs; one per request. */
export interface InvocationContext extends SubmitPorts {
  entities: Pick<EntityStore, "get">;
  blobs: Pick<BlobStore, "put" | "text" | "delete">;
  /** The epoch under which this namespace's entities may be read from memory. */
  lease(namespace: string): EpochLease | Promise<EpochLease>;
  storeOf(
    activation: Parameters<SubmitPorts["storeOf"]>[0],
  ): Pick<ActivationStoreRpc, "accept" | "open" | "await" | "fail" | "complete" | "get">;
  /** The object that runs this sequence or conductor. */
  composition(activation: Parameters<SubmitPorts["storeOf"]>[0]): Pick<CompositionRpc, "run" | "runs">;
  /** The function behind an action of kind `builtin`. */
  builtin(path: string): Builtin | undefined;
  /** The store shard for a call accepted now. */
  shard(): number;
  /** Limits that throttle namespaces without their own; null = those are not throttled. */
  throttle: NamespaceLimits | null;
  schedulers(): RosterEntry[] | Promise<RosterEntry[]>;
  /** Why no call is taken whose record would come to this activation's store, or null. Never rejects. */
  fullness(activation: Parameters<SubmitPorts["storeOf"]>[0]): string | null | Promise<string | null>;
  /** Whether calls wait that no host ever seen could hold. */
  hostsMayCome: boolean;
  /** What counts the calls of a namespace with limits. */
  permits(namespaceId: string): Permitting;
  /** The caller's namespace has exceeded one of its limits: to be counted. */
  refused?(caller: Caller, reason: "rate" | "concurrency"): void;
  /** A call was let in; `running`: so many of its namespace's run with it. Costs the call nothing. */
  admitted?(caller: Caller, running: number): void;
  /** Seals the keys of callers that are handed on. */
  masterSecret: MasterSecret;
  /** Keeps work alive after the caller has been answered, or has gone. */
  later(work: Promise<unknown>): void;
}

/** What a fire needs besides. */
export interface FireContext extends InvocationContext {
  storeOf(activation: Parameters<SubmitPorts["storeOf"]>[0]): ReturnType<InvocationContext["storeOf"]> & FireStoreRpc;
}
