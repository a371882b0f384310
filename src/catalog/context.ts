// All that the catalog asks of the world. The Worker provides it over its stores and bindings, tests over theirs.

import type { Identity, NamespaceLimits } from "../entities/identity.ts";
import type { LimitBounds } from "../entities/limits.ts";
import type { RosterEntry } from "../protocol/rpc.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore } from "../storage/entity-store.ts";

/** One per caller. */
export interface CatalogContext {
  /** Who asks: which namespace is his own, what he may use there, and with which rights he writes. */
  caller: Identity;
  entities: EntityStore;
  /** Epoch ms. */
  now(): number;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
  /** Runs a write to the entities of the namespace with this name: when it returns,
   * nobody anywhere uses what he had read before. */
  withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T>;
}

/** What writing an action needs besides: its code, and what the hosts can run. */
export interface ActionContext extends CatalogContext {
  blobs: Pick<BlobStore, "get">;
  /** Of the system; the caller's namespace may have narrower ones. */
  bounds: LimitBounds;
  /** Limits that throttle namespaces without their own; null = those are not throttled. */
  throttle: NamespaceLimits | null;
  /** Whether actions may be made that no host ever seen could hold. */
  hostsMayCome: boolean;
  schedulers(): RosterEntry[] | Promise<RosterEntry[]>;
  /** Kinds that some connected host can run, or null while no host has ever reported. */
  runnableKinds(): Promise<ReadonlySet<string> | null>;
}
