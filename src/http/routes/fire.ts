// POST /namespaces/{ns}/triggers/{name}: a fire.

import { nameFault, namespaceFault } from "../../entities/names.ts";
import type { FanOut } from "../../invocation/fan-out.ts";
import { fire } from "../../invocation/fire.ts";
import type { Triggers } from "../../invocation/triggers.ts";
import { maxPayload, payloadOf } from "../body.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { namespaceOf } from "../namespace.ts";
import { json, reply } from "../reply.ts";

interface Doors {
  triggers: Triggers;
  fanOut: FanOut;
}

export function fireRoutes(app: App, doors: Doors): void {
  app.post("/api/v1/namespaces/:ns/triggers/:name", (c) => post(c, doors));
}

async function post(c: AppContext, doors: Doors): Promise<Response> {
  const identity = c.get("identity");
  const payload = await payloadOf(c, maxPayload(identity.limits.maxPayloadSize));
  if (!payload.ok) return respond(c, payload);
  const path = namespaceOf(c);
  const name = c.req.param("name") ?? "";
  const fault = nameFault(name) ?? namespaceFault(path);
  if (fault !== null) return respond(c, fault);
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const work = fire(c.get("services").context(later), doors, {
    identity,
    epoch: c.get("epoch"),
    transactionId: c.get("transactionId"),
    trigger: { path, name },
    ...(payload.value === undefined ? {} : { payload: payload.value }),
    headers: c.req.raw.headers,
    apiHost: new URL(c.req.url).origin,
  });
  later(work);
  const fired = await work;
  if (!fired.ok) return respond(c, fired);
  if (fired.kind === "idle") return reply(c, null, { status: 204 });
  const headers = { "X-OpenWhisk-Activation-Id": fired.id };
  return json(c, `{"activationId":"${fired.id}"}`, { status: 202, headers });
}
