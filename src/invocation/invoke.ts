// The story of a call: permit, action, arguments, place, and whatever comes of it.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, newActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import { answerBounds } from "../entities/limit-values.ts";
import { MAX_INLINE } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { seal } from "../entities/sealing.ts";
import { type Failure, fail, ok } from "../errors.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { type Arguments, argumentsOf } from "./arguments.ts";
import type { Callable } from "./callable.ts";
import { enter } from "./permit.ts";
import { placementOf } from "./placement.ts";
import type { Desk } from "./ports.ts";
import type { Actions } from "./resolve.ts";
import { type BuiltinCall, runBuiltin } from "./serve.ts";
import { type Submitted, submit } from "./submit.ts";

export interface Request {
  identity: Identity;
  /** Epoch of the identity's own namespace. */
  epoch: number;
  transactionId: string;
  /** Its name, or the action itself where it has been found for this identity before. */
  action: EntityKey | Callable;
  /** Text of a JSON object, checked. */
  payload?: RawJson;
  /** Whether the payload may set what it sets has been asked before. */
  vetted?: boolean;
  /** Scheme and host under which the caller reached this platform. */
  apiHost?: string;
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
  cause?: ActivationId;
  /** It is a step of a composition. */
  causedBy?: "sequence";
  /** An id that follows from another's: the same call made twice is one activation. Absent = a fresh one. */
  id?: ActivationId;
}

export type Invoked =
  | { ok: true; kind: "done"; id: ActivationId; record: ActivationRecord }
  | { ok: true; kind: "accepted"; id: ActivationId }
  | Failure;

const encoder = new TextEncoder();

/** A caller who goes away stops nothing: hand the promise to the platform as well. */
export async function invoke(desk: Desk, actions: Actions, request: Request): Promise<Invoked> {
  const acceptedAt = desk.now();
  const id = request.id ?? newActivationId(acceptedAt, desk.shard());
  const permit = await enter(desk, request.identity, id);
  if (!permit.ok) return permit;
  let rowHolds = false;
  try {
    const { identity, action } = request;
    const caller = { namespace: identity.namespace.name, epoch: request.epoch };
    const found = "exec" in action ? ok(action) : await actions.find(desk, action, caller);
    if (!found.ok) return found;
    const callable = found.value;
    const args = argumentsOf(callable, request.payload, { vetted: request.vetted === true });
    if (!args.ok) return args;
    const about = aboutOf(callable, request, acceptedAt);
    const outcome = callable.builtin
      ? await serve(desk, { id, about, args: args.value.args, apiHost: request.apiHost ?? "" })
      : await send(desk, callable, { id, about, args: args.value, request });
    if (!outcome.ok) return outcome;
    if (outcome.kind === "done" && request.waitMs > 0) return { ok: true, kind: "done", id, record: outcome.record };
    rowHolds = outcome.kind === "accepted";
    return { ok: true, kind: "accepted", id };
  } finally {
    // Where a row goes on, its store gives the slot back.
    if (permit.value && !rowHolds) desk.later(desk.gate(request.identity.namespace.uuid).leave([id]));
  }
}

async function send(
  desk: Desk,
  callable: Callable,
  { id, about, args, request }: { id: ActivationId; about: Invocation["about"]; args: Arguments; request: Request },
): Promise<Submitted> {
  const { namespace } = request.identity;
  const bounds = answerBounds(request.identity.limits);
  const schedulers = await desk.schedulers();
  return submit(desk, {
    invocation: {
      id,
      about,
      revision: callable.revision,
      exec: callable.exec,
      args: await payloadOf(desk, args.args, `args/${namespace.uuid}/${id}`),
      ...(args.initEnv === undefined ? {} : { initEnv: args.initEnv }),
      ...(await keyOf(desk, callable, request.identity)),
      blocking: request.waitMs > 0,
      ...(bounds === undefined ? {} : { answerBounds: bounds }),
    },
    candidates: placementOf(`${namespace.uuid}/${callable.path}`, callable.kind, schedulers),
    waitMs: request.waitMs,
  });
}

async function serve(desk: Desk, call: BuiltinCall): Promise<Submitted> {
  const run = desk.builtin(call.about.path);
  return run === undefined ? fail("not-found") : runBuiltin(desk, run, call);
}

function aboutOf(callable: Callable, request: Request, acceptedAt: number): Invocation["about"] {
  const { identity, cause, causedBy } = request;
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
    ...(callable.binding === undefined ? {} : { binding: callable.binding }),
    ...(cause === undefined ? {} : { cause }),
    ...(causedBy === undefined ? {} : { causedBy }),
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
