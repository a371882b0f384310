// /namespaces/{ns}/triggers/{name}: create, update, read, delete, list. Fires are in fire.ts, which stands before.

import { parametersFault } from "../../entities/limit-values.ts";
import { MAX_ENTITY } from "../../entities/limits.ts";
import { showTrigger, type Trigger } from "../../entities/trigger.ts";
import { newTrigger, parseTriggerPut, updatedTrigger } from "../../entities/trigger-put.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { putBodyOf } from "../body.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";
import { type Plan, retryOnConflict } from "../retry-on-conflict.ts";
import { stampOf } from "../stamp.ts";
import { collectionRoutes, ownKey } from "./own-entities.ts";
import { findTrigger, triggerEntity } from "./stored-trigger.ts";

export function triggerRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "triggers", type: "trigger" });
  app.get(one, async (c) => show(c, await read(c)));
  app.put(one, async (c) => show(c, await write(c)));
  app.delete(one, async (c) => show(c, await remove(c)));
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

async function read(c: AppContext): Promise<Result<Trigger>> {
  const key = ownKey(c);
  return key.ok ? findTrigger(c.get("services").stores.entities, key.value) : key;
}

async function write(c: AppContext): Promise<Result<Trigger>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const key = ownKey(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = parseTriggerPut(body.value);
  if (!put.ok) return put;
  const fault = parametersFault(put.value, c.get("identity").limits);
  if (fault !== null) return fault;
  const { entities } = c.get("services").stores;
  return retryOnConflict(c, async (): Promise<Result<Plan<Trigger>>> => {
    const old = await findTrigger(entities, key.value);
    const stamp = stampOf(c.get("identity"));
    if (!old.ok && old.code !== "not-found") return old;
    if (old.ok && !overwrite.value) return fail("already-exists");
    const made = old.ok
      ? ok(updatedTrigger(old.value, put.value, stamp))
      : newTrigger(put.value, { ...key.value, ...stamp });
    if (!made.ok) return made;
    const expected = old.ok ? old.value.revision : null;
    return ok({ value: made.value, write: () => entities.put(triggerEntity(made.value), { expected }) });
  });
}

/** Its rules stay, with nothing to follow: they are inactive until there is a trigger of this name again and they are
 * activated. */
async function remove(c: AppContext): Promise<Result<Trigger>> {
  const key = ownKey(c);
  if (!key.ok) return key;
  const { entities } = c.get("services").stores;
  return retryOnConflict(c, async () => {
    const found = await findTrigger(entities, key.value);
    if (!found.ok) return found;
    const expected = found.value.revision;
    return ok({ value: found.value, write: () => entities.delete(key.value, { expected }) });
  });
}

function show(c: AppContext, trigger: Result<Trigger>): Response {
  return trigger.ok ? json(c, showTrigger(trigger.value)) : respond(c, trigger);
}
