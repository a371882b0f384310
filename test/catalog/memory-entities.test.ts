// The store over memory is one: what is shown with it holds with the real one.

import { entityStoreSuite } from "../storage/entity-store-suite.ts";
import { MemoryEntities } from "./memory-entities.ts";

let entities = new MemoryEntities();

entityStoreSuite({
  empty: async () => {
    entities = new MemoryEntities();
    return entities;
  },
  garbage: async () => [...entities.unowned].toSorted(),
});
