// What the rules of subjects, namespaces and keys ask of the world, as this request gives it.

import type { IdentityContext } from "../../catalog/identities.ts";
import type { RegistryContext } from "../../catalog/registry.ts";
import type { AppContext } from "../context.ts";

export function identitiesOf(c: AppContext): IdentityContext {
  const { registry: _, now: __, ...shared } = registryOf(c);
  return { ...shared, identities: c.get("services").stores.identities };
}

export function registryOf(c: AppContext): RegistryContext {
  const services = c.get("services");
  return {
    registry: services.stores.registry,
    now: () => Date.now(),
    withWrites: (namespaces, write) => services.withWrites(namespaces, write),
    shards: services.settings.shards,
    shard: (namespaceId, shard) => services.shard(namespaceId, shard),
  };
}
