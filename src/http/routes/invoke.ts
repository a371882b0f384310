// POST /namespaces/{ns}/actions/[{package}/]{name}: a call.

import { invoke } from "../../invocation/invoke.ts";
import type { ActionResolver } from "../../invocation/resolve.ts";
import { described } from "../api/operations.ts";
import { authorOf } from "../author.ts";
import { calledOf, callReply } from "../call.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { callWishOf } from "../query.ts";

const COLLECTION = "/api/v1/namespaces/:ns/actions";

export function invokeRoutes(app: App, actions: ActionResolver): void {
  const handler = described("callAction", (c) => call(c, actions));
  app.post(`${COLLECTION}/:name`, handler);
  app.post(`${COLLECTION}/:package/:name`, handler);
}

async function call(c: AppContext, actions: ActionResolver): Promise<Response> {
  const wish = callWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const called = await calledOf(c);
  if (!called.ok) return respond(c, called);
  const { key: action, ...request } = called.value;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const context = c.get("services").context(later, () => authorOf(c));
  const work = invoke(context, actions, { ...request, action, waitMs: wish.value.waitMs });
  later(work);
  return callReply(c, await work, wish.value);
}
