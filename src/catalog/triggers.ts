// Triggers: create, update, delete. A trigger holds what its rules do, so that others write it as well.

import type { EntityPut } from "../entities/entity-put.ts";
import { parametersFault } from "../entities/limit-values.ts";
import type { Trigger } from "../entities/trigger.ts";
import { newTrigger, updatedTrigger } from "../entities/trigger-put.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { CatalogContext } from "./context.ts";
import type { OwnKey } from "./own.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { stampOf } from "./stamp.ts";
import { findTrigger, triggerEntity } from "./stored-trigger.ts";

/** Fails with `not-found`, `wrong-collection` or `corrupted`. */
export function getTrigger({ entities }: Pick<CatalogContext, "entities">, key: OwnKey): Promise<Result<Trigger>> {
  return findTrigger(entities, key);
}

/** Its rules stay as they are. Fails with `too-large` for its parameters and annotations,
 * `already-exists` without `overwrite`. */
export async function putTrigger(
  context: CatalogContext,
  { key, put, overwrite }: { key: OwnKey; put: EntityPut; overwrite: boolean },
): Promise<Result<Trigger>> {
  const fault = parametersFault(put, context.caller.limits);
  if (fault !== null) return fault;
  const { entities } = context;
  return retryOnConflict(context, async () => {
    const old = await findTrigger(entities, key);
    const stamp = stampOf(context);
    if (!old.ok && old.code !== "not-found") return old;
    if (old.ok && !overwrite) return fail("already-exists");
    const made = old.ok ? ok(updatedTrigger(old.value, put, stamp)) : newTrigger(put, { ...key, ...stamp });
    if (!made.ok) return made;
    const expected = old.ok ? old.value.revision : null;
    return ok({ value: made.value, write: () => entities.put(triggerEntity(made.value), { expected }) });
  });
}

/** Its rules stay, with nothing to follow: they are inactive until there is a trigger of this name again and they are
 * activated. */
export function deleteTrigger(context: CatalogContext, key: OwnKey): Promise<Result<Trigger>> {
  const { entities } = context;
  return retryOnConflict(context, async () => {
    const found = await findTrigger(entities, key);
    if (!found.ok) return found;
    const expected = found.value.revision;
    return ok({ value: found.value, write: () => entities.delete(key, { expected }) });
  });
}
