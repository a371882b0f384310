// POST /namespaces/{ns}/actions/[{package}/]{name}: a call.

import type { ActivationRecord } from "../../entities/activation.ts";
import { extendedPieces } from "../../entities/activation-view.ts";
import { MAX_WAIT } from "../../entities/limits.ts";
import { nameFault, namespaceFault } from "../../entities/names.ts";
import { shapeOf } from "../../entities/raw-json.ts";
import { ok, type Result } from "../../errors.ts";
import { invoke } from "../../invocation/invoke.ts";
import type { ActionResolver } from "../../invocation/resolve.ts";
import { maxPayload, payloadOf } from "../body.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { namespaceOf } from "../namespace.ts";
import { textOf } from "../pieces.ts";
import { flag, malformed } from "../query.ts";
import { json } from "../reply.ts";

const HTTP_STATUS = [200, 502, 502, 500] as const;
const COLLECTION = "/api/v1/namespaces/:ns/actions";

interface Wish {
  /** 0 = not blocking. */
  waitMs: number;
  resultOnly: boolean;
}

export function invokeRoutes(app: App, actions: ActionResolver): void {
  const handler = (c: AppContext) => call(c, actions);
  app.post(`${COLLECTION}/:name`, handler);
  app.post(`${COLLECTION}/:package/:name`, handler);
}

async function call(c: AppContext, actions: ActionResolver): Promise<Response> {
  const wish = wishOf(c);
  if (!wish.ok) return respond(c, wish);
  const identity = c.get("identity");
  const payload = await payloadOf(c, maxPayload(identity.limits.maxPayloadSize));
  if (!payload.ok) return respond(c, payload);
  const namespace = namespaceOf(c);
  const bundle = c.req.param("package");
  const name = c.req.param("name") ?? "";
  const fault = (bundle === undefined ? null : nameFault(bundle)) ?? nameFault(name) ?? namespaceFault(namespace);
  if (fault !== null) return respond(c, fault);
  const services = c.get("services");
  const work = invoke(
    services.context((later) => c.executionCtx.waitUntil(later)),
    actions,
    {
      identity,
      epoch: c.get("epoch"),
      transactionId: c.get("transactionId"),
      action: {
        path: bundle === undefined ? namespace : `${namespace}/${bundle}`,
        name,
      },
      ...(payload.value === undefined ? {} : { payload: payload.value }),
      waitMs: wish.value.waitMs,
      apiHost: new URL(c.req.url).origin,
    },
  );
  c.executionCtx.waitUntil(work);
  const outcome = await work;
  if (!outcome.ok) return respond(c, outcome);
  const headers = { "X-OpenWhisk-Activation-Id": outcome.id };
  if (outcome.kind === "accepted") return json(c, `{"activationId":"${outcome.id}"}`, { status: 202, headers });
  const { record } = outcome;
  const result = await textOf(record.result, services.stores.blobs);
  const bare = wish.value.resultOnly || shapeOf(result) === "array";
  const body = bare ? result : extended(record, result);
  return json(c, body, { status: HTTP_STATUS[record.statusCode], headers });
}

function extended(record: ActivationRecord, result: string): string {
  const [head, middle, tail] = extendedPieces(record);
  return `${head}${result}${middle}${"inline" in record.logs ? record.logs.inline : "[]"}${tail}`;
}

function wishOf(c: AppContext): Result<Wish> {
  const blocking = flag(c, "blocking");
  if (!blocking.ok) return blocking;
  const result = flag(c, "result");
  if (!result.ok) return result;
  const timeout = c.req.query("timeout");
  const waitMs = timeout === undefined ? MAX_WAIT : Number(timeout);
  if (timeout !== undefined && (!/^\d{1,5}$/.test(timeout) || waitMs < 1 || waitMs > MAX_WAIT)) {
    return malformed("timeout", `Timeout must be number of milliseconds up to ${MAX_WAIT}.`);
  }
  return ok({ waitMs: blocking.value ? waitMs : 0, resultOnly: result.value });
}
