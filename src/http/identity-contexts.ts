// What the rules of subjects, namespaces and keys ask of the world, as this request gives it.

import type { DeletionContext } from "../catalog/deletion.ts";
import type { IdentityContext } from "../catalog/identities.ts";
import type { RegistryContext } from "../catalog/registry.ts";
import { type Author, PLATFORM } from "../entities/audit.ts";
import type { Services } from "../services/services.ts";
import { actingStores } from "./author.ts";
import type { AppContext } from "./context.ts";

/** ms beyond the longest run within which its record is where it shall be. */
const RECORD_WITHIN_MS = 60_000;

export function identitiesOf(c: AppContext): IdentityContext {
  const { registry: _, now: __, ...shared } = registryOf(c);
  return { ...shared, identities: actingStores(c).identities };
}

/** Also for who goes on with deletions without a request. */
export function deletionOf(services: Services, author: Author = PLATFORM): DeletionContext {
  const { stores, settings } = services;
  return {
    ...stores,
    deletions: services.acting(author).deletions,
    shards: settings.shards,
    shard: (namespaceId, shard) => services.shard(namespaceId, shard),
    withWrites: (namespaces, write) => services.withWrites(namespaces, write),
    erase: (namespaceId, shard) => services.erase(namespaceId, shard),
    table: (namespace) => services.recordTable(namespace),
    segments: services.recordSegments(),
    now: () => Date.now(),
    longestRun: settings.bounds.timeout.max + RECORD_WITHIN_MS,
  };
}

export function registryOf(c: AppContext): RegistryContext {
  const services = c.get("services");
  return {
    registry: actingStores(c).registry,
    now: () => Date.now(),
    withWrites: (namespaces, write) => services.withWrites(namespaces, write),
    shards: services.settings.shards,
    shard: (namespaceId, shard) => services.shard(namespaceId, shard),
  };
}
