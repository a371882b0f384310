// /namespaces/{ns}/triggers/{name}: create, update, read, delete, list. Fires are in fire.ts, which stands before.

import { deleteTrigger, getTrigger, putTrigger } from "../../catalog/triggers.ts";
import { MAX_ENTITY } from "../../entities/limits.ts";
import { showTrigger, type Trigger } from "../../entities/trigger.ts";
import { parseTriggerPut } from "../../entities/trigger-put.ts";
import type { Result } from "../../errors.ts";
import { putBodyOf } from "../body.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";
import { collectionRoutes, ownKeyOf } from "./own-entities.ts";

export function triggerRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "triggers", type: "trigger" });
  app.get(one, async (c) => show(c, await read(c)));
  app.put(one, async (c) => show(c, await write(c)));
  app.delete(one, async (c) => show(c, await remove(c)));
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

async function read(c: AppContext): Promise<Result<Trigger>> {
  const key = ownKeyOf(c);
  return key.ok ? getTrigger(catalogOf(c), key.value) : key;
}

async function write(c: AppContext): Promise<Result<Trigger>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const key = ownKeyOf(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = parseTriggerPut(body.value);
  if (!put.ok) return put;
  return putTrigger(catalogOf(c), { key: key.value, put: put.value, overwrite: overwrite.value });
}

async function remove(c: AppContext): Promise<Result<Trigger>> {
  const key = ownKeyOf(c);
  return key.ok ? deleteTrigger(catalogOf(c), key.value) : key;
}

function show(c: AppContext, trigger: Result<Trigger>): Response {
  return trigger.ok ? json(c, showTrigger(trigger.value)) : respond(c, trigger);
}
