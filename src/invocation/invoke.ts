// The story of a call: permit, action, arguments, place, and whatever comes of it.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, newActivationId } from "../entities/activation-id.ts";
import { type Identity, limitedTo } from "../entities/identity.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { SEQUENCE } from "../entities/runtimes.ts";
import { seal } from "../entities/sealing.ts";
import { type Failure, fail, ok } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { argumentsOf, payloadFault } from "./arguments.ts";
import type { BuiltinContext } from "./builtin.ts";
import { compose } from "./compose.ts";
import { enter, giveBack, hold } from "./permit.ts";
import { placeOf } from "./placement.ts";
import type { InvocationContext } from "./ports.ts";
import { activationMetaOf, type Calling, fullnessOf, invocationOf, lentBy, type Origin } from "./prepare.ts";
import type { ActionResolver, CallerEpoch } from "./resolve.ts";
import type { ResolvedAction } from "./resolved-action.ts";
import { runBuiltin } from "./run-builtin.ts";
import { type AcceptRow, type Submitted, submit } from "./submit.ts";

/** Who calls what, with which payload, and how long he waits. */
export interface Request {
  identity: Identity;
  /** Epoch of the identity's own namespace. */
  epoch: number;
  transactionId: string;
  /** Its name, or the action itself where it has been found for this identity before. */
  action: EntityKey | ResolvedAction;
  /** Text of a JSON object, checked. */
  payload?: RawJson;
  /** Whether the payload may set what it sets has been asked before. */
  payloadChecked?: boolean;
  /** Scheme and host under which the caller reached this platform. */
  apiHost?: string;
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
  cause?: ActivationId;
  /** It is a step of a composition. */
  causedBy?: "sequence";
  /** As in BuiltinContext. */
  callerWith?: BuiltinContext["callerWith"];
  /** Absent: whoever has a key, by the API. */
  origin?: Origin;
  /** As in Call. */
  accept?: AcceptRow;
  /** An id that follows from another's: the same call made twice is one activation. Absent = a fresh one. */
  id?: ActivationId;
}

/** What became of a call. "done": it ended within the wait. "accepted": its row is confirmed, and the id may leave. */
export type Invoked =
  | { ok: true; kind: "done"; id: ActivationId; record: ActivationRecord }
  | { ok: true; kind: "accepted"; id: ActivationId }
  | Failure;

interface Found {
  id: ActivationId;
  callable: ResolvedAction;
  caller: CallerEpoch;
  calling: Calling;
}

/** A caller who goes away stops nothing: hand the promise to the platform as well. */
export async function invoke(context: InvocationContext, actions: ActionResolver, request: Request): Promise<Invoked> {
  const acceptedAt = context.now();
  const id = request.id ?? newActivationId(acceptedAt, context.shard());
  const full = await fullnessOf(context, request.identity, id);
  if (full !== null) return fail("records-full", full);
  const permit = await enter(context, request.identity, { id, kind: "invoke", mayLease: request.waitMs > 0 });
  if (!permit.ok) return permit;
  let isHeld = permit.value;
  let rowHolds = false;
  try {
    const { identity, transactionId, action, cause, causedBy } = request;
    const caller = { namespace: identity.namespace.name, scope: identity.scope, epoch: request.epoch };
    const found = "exec" in action ? ok(action) : await actions.find(context, action, caller);
    if (!found.ok) return found;
    const held = await hold(context, identity, { id, callable: found.value });
    if (!held.ok) return held;
    isHeld ||= held.value;
    // Its store gives back what the row says was taken.
    const permitMs = isHeld ? Math.max(0, context.now() - acceptedAt) : undefined;
    const calling = { identity, transactionId, acceptedAt, cause, causedBy, permitMs, origin: request.origin };
    const call = { id, callable: found.value, caller, calling };
    const outcome =
      found.value.plan === undefined
        ? await run(context, call, request)
        : await invokeComposition(context, call, { actions, request });
    if (!outcome.ok) return outcome;
    if (outcome.kind === "done" && request.waitMs > 0) {
      return { ok: true, kind: "done", id, record: withoutLogs(outcome.record, found.value) };
    }
    rowHolds = outcome.kind === "accepted";
    return { ok: true, kind: "accepted", id };
  } finally {
    // Where a row goes on, its store gives the slot back.
    if (isHeld && !rowHolds) giveBack(context, request.identity, id);
  }
}

async function run(context: InvocationContext, { id, callable, calling }: Found, request: Request): Promise<Submitted> {
  const { payload, payloadChecked, waitMs, identity, apiHost, callerWith } = request;
  const args = argumentsOf(callable, payload, { payloadChecked: payloadChecked === true });
  if (!args.ok) return args;
  const about = activationMetaOf(callable, calling);
  if (callable.builtin) {
    const { key: _, ...caller } = identity;
    return runBuiltin(context, { id, about, args: args.value.args, apiHost: apiHost ?? "", caller, callerWith });
  }
  const { exec, labels = [], preferred } = callable;
  const place = placeOf({ exec, about, labels }, await context.schedulers(), {
    preferred,
    hostsMayCome: context.hostsMayCome,
  });
  if (!place.ok) return place;
  return submit(context, {
    invocation: await invocationOf(context, callable, {
      id,
      about,
      args: args.value,
      calling,
      sealedKey: () => seal(context.masterSecret, "handed-on-key", identity.key),
      blocking: waitMs > 0,
    }),
    ...place.value,
    waitMs,
    accept: request.accept,
  });
}

/** Who may call a sequence may call what it is made of, or nothing of it is run. */
async function invokeComposition(
  context: InvocationContext,
  { id, callable, caller, calling }: Found,
  { actions, request }: { actions: ActionResolver; request: Request },
): Promise<Submitted> {
  const { plan } = callable;
  if (plan === undefined) throw new Error(`${callable.path} is no composition`);
  const { payload = "{}", payloadChecked, waitMs, identity, apiHost } = request;
  const components = plan.kind === "sequence" ? plan.components : [];
  const behalf = limitedTo(identity, lentBy(callable, identity.namespace.name));
  const refused =
    (payloadChecked === true ? null : payloadFault(callable, payload)) ??
    (await actions.refusalOf(context, components, { ...caller, scope: behalf.scope }));
  if (refused !== null) return refused;
  const about = { ...activationMetaOf(callable, calling), kind: SEQUENCE };
  return compose(context, { id, about, plan, payload, identity: behalf, apiHost: apiHost ?? "", waitMs });
}

/** A caller who waits hears no log lines; a composition's are the ids of its steps. */
function withoutLogs(record: ActivationRecord, { plan }: ResolvedAction): ActivationRecord {
  return plan === undefined ? { ...record, logs: { inline: "[]" } } : record;
}
