// A call or a fire as HTTP has it: what is called, with what, and what its caller hears.

import type { ActivationRecord } from "../entities/activation.ts";
import { extendedPieces, withLostResult } from "../entities/activation-view.ts";
import type { Identity } from "../entities/identity.ts";
import { nameFault, namespaceFault } from "../entities/names.ts";
import { type RawJson, shapeOf } from "../entities/raw-json.ts";
import { ok, type Result } from "../errors.ts";
import type { Invoked } from "../invocation/invoke.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { maxPayload, payloadOf } from "./body.ts";
import type { AppContext } from "./context.ts";
import { respond } from "./errors.ts";
import { namespaceOf } from "./namespace.ts";
import { textOf } from "./pieces.ts";
import type { CallWish } from "./query.ts";
import { json } from "./reply.ts";

/** By the status code of the record. */
const HTTP_STATUS = [200, 502, 502, 500] as const;

/** What of a request goes with whatever it calls. */
export interface Called {
  /** The action or trigger in the path, whosever it is and whether it is there or not. */
  key: EntityKey;
  identity: Identity;
  /** Of the caller's namespace. */
  epoch: number;
  transactionId: string;
  /** Text of a JSON object. */
  payload?: RawJson;
  /** Scheme and host under which we were reached. */
  apiHost: string;
}

export async function calledOf(c: AppContext): Promise<Result<Called>> {
  const identity = c.get("identity");
  const payload = await payloadOf(c, maxPayload(identity.limits.maxPayloadSize));
  if (!payload.ok) return payload;
  const namespace = namespaceOf(c);
  const bundle = c.req.param("package");
  const name = c.req.param("name") ?? "";
  const fault = (bundle === undefined ? null : nameFault(bundle)) ?? nameFault(name) ?? namespaceFault(namespace);
  if (fault !== null) return fault;
  return ok({
    key: { path: bundle === undefined ? namespace : `${namespace}/${bundle}`, name },
    identity,
    epoch: c.get("epoch"),
    transactionId: c.get("transactionId"),
    ...(payload.value === undefined ? {} : { payload: payload.value }),
    apiHost: new URL(c.req.url).origin,
  });
}

/** The record; its result alone where that is wished for, or is an array; the id where it has not ended. */
export async function callReply(c: AppContext, outcome: Invoked, wish: CallWish): Promise<Response> {
  if (!outcome.ok) return respond(c, outcome);
  if (outcome.kind === "accepted") return acceptedReply(c, outcome.id);
  const { record, result } = await withResult(c, outcome.record);
  const bare = wish.resultOnly || shapeOf(result) === "array";
  const options = { status: HTTP_STATUS[record.statusCode], headers: idHeader(outcome.id) };
  return json(c, bare ? result : extended(record, result), options);
}

/** The record and its result; of one whose result is gone what is shown instead. */
export async function withResult(
  c: AppContext,
  record: ActivationRecord,
): Promise<{ record: ActivationRecord; result: string }> {
  const result = await textOf(record.result, c.get("services").stores.blobs);
  if (result !== null) return { record, result };
  const lost = withLostResult(record);
  return { record: lost, result: lost.result.inline };
}

/** The id of what will end. */
export function acceptedReply(c: AppContext, id: string): Response {
  return json(c, `{"activationId":"${id}"}`, { status: 202, headers: idHeader(id) });
}

function idHeader(id: string): Record<string, string> {
  return { "X-OpenWhisk-Activation-Id": id };
}

function extended(record: ActivationRecord, result: string): string {
  const [head, middle, tail] = extendedPieces(record);
  return `${head}${result}${middle}${"inline" in record.logs ? record.logs.inline : "[]"}${tail}`;
}
