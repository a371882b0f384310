// What is noted of each write of an entity: when, under which name for this revision, and with which rights.

import type { Stamp } from "../entities/entity-put.ts";
import { type Identity, rightsOf } from "../entities/identity.ts";

export function stampOf(identity: Identity): Stamp {
  return { updated: Date.now(), revision: crypto.randomUUID(), writtenWith: rightsOf(identity) };
}
