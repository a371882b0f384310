// Triggers in the entity store.

import { readTrigger, type Trigger, triggerDocument, triggerSummary } from "../entities/trigger.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey, EntityStore, NewEntity } from "../storage/entity-store.ts";

/** The row of a trigger. */
export function triggerEntity(trigger: Trigger): NewEntity {
  return {
    path: trigger.namespace,
    name: trigger.name,
    type: "trigger",
    revision: trigger.revision,
    updated: trigger.updated,
    document: triggerDocument(trigger),
    summary: triggerSummary(trigger),
    blobs: [],
  };
}

/** Fails with `not-found`, `wrong-collection` or `corrupted`. */
export async function findTrigger(entities: Pick<EntityStore, "get">, key: EntityKey): Promise<Result<Trigger>> {
  const stored = await entities.get(key);
  if (stored === null) return fail("not-found");
  if (stored.type !== "trigger") return fail("wrong-collection");
  const trigger = readTrigger(stored.document);
  return trigger === null ? fail("corrupted") : ok(trigger);
}
