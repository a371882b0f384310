// /namespaces/{ns}/rules/{name}: create, update, read, switch on and off, delete, list.

import { parametersFault } from "../../entities/limit-values.ts";
import { MAX_ENTITY, MAX_PAYLOAD } from "../../entities/limits.ts";
import { showRule } from "../../entities/rule.ts";
import { parseRulePut, parseStatus } from "../../entities/rule-put.ts";
import type { Result } from "../../errors.ts";
import { putBodyOf } from "../body.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { flag } from "../query.ts";
import { json, reply } from "../reply.ts";
import { retryOnConflict } from "../retry-on-conflict.ts";
import { stampOf } from "../stamp.ts";
import { collectionRoutes, ownKey } from "./own-entities.ts";
import { findRule, planPut, planRemoval, planStatus, type ShownRule } from "./rule-plans.ts";

export function ruleRoutes(app: App): void {
  const one = collectionRoutes(app, { name: "rules", type: "rule" });
  app.get(one, async (c) => show(c, await read(c)));
  app.put(one, async (c) => show(c, await write(c)));
  app.delete(one, async (c) => show(c, await remove(c)));
  app.post(one, async (c) => {
    const switched = await toggle(c);
    if (!switched.ok) return respond(c, switched);
    return reply(c, "OK", { headers: { "Content-Type": "text/plain; charset=UTF-8" } });
  });
  app.all(one, methodNotAllowed("GET, PUT, POST, DELETE"));
}

async function read(c: AppContext): Promise<Result<ShownRule>> {
  const key = ownKey(c);
  return key.ok ? findRule(c.get("services").stores.entities, key.value) : key;
}

async function write(c: AppContext): Promise<Result<ShownRule>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const key = ownKey(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = parseRulePut(body.value, { own: key.value.path });
  if (!put.ok) return put;
  const fault = parametersFault(put.value, c.get("identity").limits);
  if (fault !== null) return fault;
  const { entities } = c.get("services").stores;
  const plan = { key: key.value, put: put.value, overwrite: overwrite.value };
  return retryOnConflict(c, () => planPut(entities, { ...plan, stamp: stampOf(c.get("identity")) }));
}

async function remove(c: AppContext): Promise<Result<ShownRule>> {
  const key = ownKey(c);
  if (!key.ok) return key;
  const { entities } = c.get("services").stores;
  return retryOnConflict(c, () => planRemoval(entities, key.value));
}

async function toggle(c: AppContext): Promise<Result<null>> {
  const key = ownKey(c);
  if (!key.ok) return key;
  const body = await putBodyOf(c, MAX_PAYLOAD);
  if (!body.ok) return body;
  const status = parseStatus(body.value);
  if (!status.ok) return status;
  const { entities } = c.get("services").stores;
  return retryOnConflict(c, () => planStatus(entities, { key: key.value, status: status.value }));
}

function show(c: AppContext, shown: Result<ShownRule>): Response {
  return shown.ok ? json(c, showRule(shown.value.rule, shown.value.status)) : respond(c, shown);
}
