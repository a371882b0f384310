// All that the catalog asks of the world. The Worker provides it over its stores and bindings, tests over theirs.

import type { Identity } from "../entities/identity.ts";
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
  /** Runs a write to the entities of the namespace with this name: when it returns, nobody anywhere uses what he had read before. */
  withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T>;
}
