// POST /namespaces/{ns}/triggers/{name}: a fire.

import type { FanOut } from "../../invocation/fan-out.ts";
import { fire } from "../../invocation/fire.ts";
import type { Triggers } from "../../invocation/triggers.ts";
import { described } from "../api/operations.ts";
import { authorOf } from "../author.ts";
import { acceptedReply, calledOf } from "../call.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { reply } from "../reply.ts";

interface FireParts {
  triggers: Triggers;
  fanOut: FanOut;
}

export function fireRoutes(app: App, parts: FireParts): void {
  app.post(
    "/api/v1/namespaces/:ns/triggers/:name",
    described("fireTrigger", (c) => post(c, parts)),
  );
}

async function post(c: AppContext, parts: FireParts): Promise<Response> {
  const called = await calledOf(c);
  if (!called.ok) return respond(c, called);
  const { key: trigger, ...request } = called.value;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const context = c.get("services").context(later, () => authorOf(c));
  const work = fire(context, parts, { ...request, trigger, headers: c.req.raw.headers });
  later(work);
  const fired = await work;
  if (!fired.ok) return respond(c, fired);
  return fired.kind === "idle" ? reply(c, null, { status: 204 }) : acceptedReply(c, fired.id);
}
