// What the catalog is given of a request: who asks, and the stores.

import type { CatalogContext } from "../catalog/context.ts";
import type { AppContext } from "./context.ts";

export function catalogOf(c: AppContext): CatalogContext {
  const services = c.get("services");
  return {
    caller: c.get("identity"),
    entities: services.stores.entities,
    now: () => Date.now(),
    pause: (ms) => new Promise((done) => setTimeout(done, ms)),
    withWrite: (namespace, write) => services.withWrite(namespace, write),
  };
}
