// /namespaces/{ns}/rules/{name}: create, update, read, switch on and off, delete, list.

import type { ShownRule } from "../../catalog/rule-plans.ts";
import { deleteRule, getRule, putRule, switchRule } from "../../catalog/rules.ts";
import { MAX_PAYLOAD } from "../../entities/limits.ts";
import { showRule } from "../../entities/rule.ts";
import { parseRulePut, parseStatus } from "../../entities/rule-put.ts";
import { described } from "../api/operations.ts";
import { putBodyOf } from "../body.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { entityPutOf } from "../entity-put.ts";
import { answer, respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownKeyOf } from "../namespace.ts";
import { plain } from "../reply.ts";
import { collectionRoutes } from "./own-entities.ts";

export function ruleRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "rules", type: "rule", operation: "listRules" });
  app.get(one, described("getRule", read));
  app.put(one, described("putRule", write));
  app.delete(one, described("deleteRule", remove));
  app.post(one, described("switchRule", toggle));
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

const show = ({ rule, status }: ShownRule): string => showRule(rule, status);

async function read(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  return answer(c, key.ok ? await getRule(catalogOf(c), key.value) : key, show);
}

async function write(c: AppContext): Promise<Response> {
  const asked = await entityPutOf(c, { key: ownKeyOf, put: (text, { path }) => parseRulePut(text, { own: path }) });
  return answer(c, asked.ok ? await putRule(catalogOf(c), asked.value) : asked, show);
}

async function remove(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  return answer(c, key.ok ? await deleteRule(catalogOf(c), key.value) : key, show);
}

async function toggle(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  if (!key.ok) return respond(c, key);
  const body = await putBodyOf(c, MAX_PAYLOAD);
  if (!body.ok) return respond(c, body);
  const status = parseStatus(body.value);
  if (!status.ok) return respond(c, status);
  const switched = await switchRule(catalogOf(c), { key: key.value, status: status.value });
  return switched.ok ? plain(c, "OK") : respond(c, switched);
}
