// What the functions of built-in packages may ask of the platform, beside what they are called with.

import type { EntityStore } from "../storage/entity-store.ts";

/** The Worker provides it over its bindings, tests over their own. */
export interface SystemPorts {
  entities: Pick<EntityStore, "get">;
}
