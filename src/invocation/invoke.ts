// The story of a call: permit, action, arguments, place, and whatever comes of it.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, newActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import { MAX_INLINE } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { seal } from "../entities/sealing.ts";
import { type Failure, fail } from "../errors.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { argumentsOf } from "./arguments.ts";
import type { Callable } from "./callable.ts";
import { enter } from "./permit.ts";
import { placementOf } from "./placement.ts";
import type { Desk } from "./ports.ts";
import type { Actions } from "./resolve.ts";
import { submit } from "./submit.ts";

export interface Request {
  identity: Identity;
  /** Epoch of the identity's own namespace. */
  epoch: number;
  transactionId: string;
  action: EntityKey;
  /** Text of a JSON object, checked. */
  payload?: RawJson;
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
  cause?: ActivationId;
}

export type Invoked =
  | { ok: true; kind: "done"; id: ActivationId; record: ActivationRecord }
  | { ok: true; kind: "accepted"; id: ActivationId }
  | Failure;

const encoder = new TextEncoder();

/** A caller who goes away stops nothing: hand the promise to the platform as well. */
export async function invoke(desk: Desk, actions: Actions, request: Request): Promise<Invoked> {
  const acceptedAt = desk.now();
  const id = newActivationId(acceptedAt, desk.shard());
  const permit = await enter(desk, request.identity, id);
  if (!permit.ok) return permit;
  let rowHolds = false;
  try {
    const { path, name } = request.action;
    if (path.split("/")[0] !== request.identity.namespace.name) return fail("not-authorized", `${path}/${name}`);
    const found = await actions.find(desk, request.action, request.epoch);
    if (!found.ok) return found;
    const callable = found.value;
    const args = argumentsOf(callable, request.payload);
    if (!args.ok) return args;
    const { namespace } = request.identity;
    const schedulers = await desk.schedulers();
    const outcome = await submit(desk, {
      invocation: {
        id,
        about: aboutOf(callable, request, acceptedAt),
        revision: callable.revision,
        exec: callable.exec,
        args: await payloadOf(desk, args.value.args, `args/${namespace.uuid}/${id}`),
        ...(args.value.initEnv === undefined ? {} : { initEnv: args.value.initEnv }),
        ...(await keyOf(desk, callable, request.identity)),
        blocking: request.waitMs > 0,
      },
      candidates: placementOf(`${namespace.uuid}/${callable.path}`, callable.kind, schedulers),
      waitMs: request.waitMs,
    });
    if (!outcome.ok) return outcome;
    if (outcome.kind === "done") return { ok: true, kind: "done", id, record: outcome.record };
    rowHolds = true;
    return { ok: true, kind: "accepted", id };
  } finally {
    // Where a row goes on, its store gives the slot back.
    if (permit.value && !rowHolds) desk.later(desk.gate(request.identity.namespace.uuid).leave([id]));
  }
}

function aboutOf(callable: Callable, request: Request, acceptedAt: number): Invocation["about"] {
  const { identity, cause } = request;
  return {
    namespace: identity.namespace.name,
    namespaceId: identity.namespace.uuid,
    subject: identity.subject,
    name: callable.name,
    version: callable.version,
    path: callable.path,
    kind: callable.kind,
    limits: callable.limits,
    acceptedAt,
    transactionId: request.transactionId,
    ...(cause === undefined ? {} : { cause }),
    ...(identity.limits.storeActivations === false ? { store: false } : {}),
  };
}

/** Arguments too large for a frame lie in the blob store before anybody hears of the call. */
async function payloadOf(desk: Desk, args: RawJson, key: string): Promise<Invocation["args"]> {
  if (args.length * 3 <= MAX_INLINE) return { inline: args };
  const bytes = encoder.encode(args);
  if (bytes.byteLength <= MAX_INLINE) return { inline: args };
  await desk.blobs.put(key, bytes);
  return { blob: key, size: bytes.byteLength };
}

/** Whoever came with an activation credential has no owner's key to pass on. */
async function keyOf(
  desk: Desk,
  { credential }: Callable,
  identity: Identity,
): Promise<Pick<Invocation, "credential" | "sealedKey">> {
  if (credential !== "owner") return { credential };
  if (identity.derived) return { credential: "activation" };
  return { credential, sealedKey: await seal(desk.masterSecret, identity.key) };
}
