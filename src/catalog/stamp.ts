// What is noted of each write of an entity.

import type { Stamp } from "../entities/entity-put.ts";
import { rightsOf } from "../entities/identity.ts";
import type { CatalogContext } from "./context.ts";

/** When it is written, under a new name for this revision, and with which rights. One for each try to write. */
export function stampOf({ caller, now }: Pick<CatalogContext, "caller" | "now">): Stamp {
  const { scope } = caller;
  return {
    ...{ updated: now(), revision: crypto.randomUUID(), writtenWith: rightsOf(caller) },
    ...(scope === undefined ? {} : { writerScope: scope }),
  };
}
