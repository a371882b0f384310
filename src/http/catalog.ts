// What the catalog is given of a request: who asks, and the stores.

import type { ActionContext } from "../catalog/context.ts";
import { actingStores } from "./author.ts";
import type { AppContext } from "./context.ts";

export function catalogOf(c: AppContext): ActionContext {
  const services = c.get("services");
  const { bounds, throttle, throttleDefaults, hostsMayCome } = c.get("settings");
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  return {
    caller: c.get("identity"),
    entities: actingStores(c).entities,
    blobs: services.stores.blobs,
    bounds,
    throttle: throttle ? throttleDefaults : null,
    hostsMayCome,
    schedulers: () => services.schedulers(later),
    runnableKinds: () => services.runnableKinds(later),
    now: () => Date.now(),
    pause: (ms) => new Promise((done) => setTimeout(done, ms)),
    withWrite: (namespace, write) => services.withWrite(namespace, write),
  };
}
