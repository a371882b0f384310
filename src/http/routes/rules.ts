// /namespaces/{ns}/rules/{name}: create, update, read, switch on and off, delete, list.

import type { ShownRule } from "../../catalog/rule-plans.ts";
import { deleteRule, getRule, putRule, switchRule } from "../../catalog/rules.ts";
import { MAX_ENTITY, MAX_PAYLOAD } from "../../entities/limits.ts";
import { showRule } from "../../entities/rule.ts";
import { parseRulePut, parseStatus } from "../../entities/rule-put.ts";
import type { Result } from "../../errors.ts";
import { putBodyOf } from "../body.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { flag } from "../query.ts";
import { json, plain } from "../reply.ts";
import { collectionRoutes, ownKeyOf } from "./own-entities.ts";

export function ruleRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "rules", type: "rule" });
  app.get(one, async (c) => show(c, await read(c)));
  app.put(one, async (c) => show(c, await write(c)));
  app.delete(one, async (c) => show(c, await remove(c)));
  app.post(one, toggle);
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

async function read(c: AppContext): Promise<Result<ShownRule>> {
  const key = ownKeyOf(c);
  return key.ok ? getRule(catalogOf(c), key.value) : key;
}

async function write(c: AppContext): Promise<Result<ShownRule>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const key = ownKeyOf(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = parseRulePut(body.value, { own: key.value.path });
  if (!put.ok) return put;
  return putRule(catalogOf(c), { key: key.value, put: put.value, overwrite: overwrite.value });
}

async function remove(c: AppContext): Promise<Result<ShownRule>> {
  const key = ownKeyOf(c);
  return key.ok ? deleteRule(catalogOf(c), key.value) : key;
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

function show(c: AppContext, shown: Result<ShownRule>): Response {
  return shown.ok ? json(c, showRule(shown.value.rule, shown.value.status)) : respond(c, shown);
}
