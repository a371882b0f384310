// All that invoking asks of the world. The Worker provides it over its bindings, tests and the simulator over theirs.

import type { ActivationId } from "../entities/activation-id.ts";
import type { NamespaceLimits } from "../entities/identity.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import type { FireStoreRpc } from "../protocol/fire.ts";
import type { ActivationStoreRpc, EpochLease, InvokerSchedulerRpc, RosterEntry } from "../protocol/rpc.ts";
import type { ThrottleRpc } from "../protocol/throttle.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import type { Builtin } from "./builtin.ts";

/** Calls a timer off; does nothing if it has run. */
export type CancelTimer = () => void;

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
}

/** What the whole story needs; one per request. */
export interface InvocationContext extends SubmitPorts {
  entities: Pick<EntityStore, "get">;
  blobs: Pick<BlobStore, "put" | "text">;
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
  permits(namespaceId: string): Pick<ThrottleRpc, "enter" | "hold" | "leave">;
  /** The namespace has exceeded one of its limits: to be counted. */
  refused?(namespace: string, reason: "rate" | "concurrency"): void;
  /** Seals the keys of callers that are handed on. */
  masterSecret: MasterSecret;
  /** Keeps work alive after the caller has been answered, or has gone. */
  later(work: Promise<unknown>): void;
}

/** What a fire needs besides. */
export interface FireContext extends InvocationContext {
  storeOf(activation: Parameters<SubmitPorts["storeOf"]>[0]): ReturnType<InvocationContext["storeOf"]> & FireStoreRpc;
}
