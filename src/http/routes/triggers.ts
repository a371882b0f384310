// /namespaces/{ns}/triggers/{name}: create, update, read, delete, list. Fires are in fire.ts, which stands before.

import { deleteTrigger, getTrigger, putTrigger } from "../../catalog/triggers.ts";
import { showTrigger } from "../../entities/trigger.ts";
import { parseTriggerPut } from "../../entities/trigger-put.ts";
import { described } from "../api/operations.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { entityPutOf } from "../entity-put.ts";
import { answer } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownKeyOf } from "../namespace.ts";
import { collectionRoutes } from "./own-entities.ts";

export function triggerRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "triggers", type: "trigger", operation: "listTriggers" });
  app.get(one, described("getTrigger", read));
  app.put(one, described("putTrigger", write));
  app.delete(one, described("deleteTrigger", remove));
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

async function read(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  return answer(c, key.ok ? await getTrigger(catalogOf(c), key.value) : key, showTrigger);
}

async function write(c: AppContext): Promise<Response> {
  const asked = await entityPutOf(c, { key: ownKeyOf, put: parseTriggerPut });
  return answer(c, asked.ok ? await putTrigger(catalogOf(c), asked.value) : asked, showTrigger);
}

async function remove(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  return answer(c, key.ok ? await deleteTrigger(catalogOf(c), key.value) : key, showTrigger);
}
