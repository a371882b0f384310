// One step of a composition, as its object asks for it: an ordinary call on the durable path under an id that follows
// from the composition's. Asked again after a crash it is the same step; what was started is never started again.

import type { ActivationRecord } from "../entities/activation.ts";
import { scopeOf } from "../entities/identity.ts";
import { DEFAULT_BOUNDS } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { SEQUENCE } from "../entities/runtimes.ts";
import { fail } from "../errors.ts";
import type { StepReply, StepRequest } from "../protocol/composition.ts";
import { argumentsOf } from "./arguments.ts";
import { giveBack, hold, isHeld } from "./permit.ts";
import { placeOf } from "./placement.ts";
import type { InvocationContext } from "./ports.ts";
import { activationMetaOf, type Calling, invocationOf, lentBy } from "./prepare.ts";
import type { ActionResolver } from "./resolve.ts";
import type { ResolvedAction } from "./resolved-action.ts";
import { isUnknown, retry } from "./retry.ts";
import { runBuiltin } from "./run-builtin.ts";
import { tooMany } from "./submit.ts";

/** Of a step that runs although its action is gone by now: it cannot last longer. */
const UNKNOWN_LIMITS = {
  timeout: DEFAULT_BOUNDS.timeout.max,
  memory: DEFAULT_BOUNDS.memory.std,
  logs: DEFAULT_BOUNDS.logs.std,
  concurrency: DEFAULT_BOUNDS.concurrency.std,
};

/** Steps count as no invocations: the composition did. They hold memory of the namespace and instances of their actions
 * as calls do; one that finds no room is refused for now. Throws if nobody knows whether it was started.
 * `epoch`: of the namespace on whose behalf it runs. */
export async function step(
  context: InvocationContext,
  { actions, epoch }: { actions: ActionResolver; epoch: number },
  request: StepRequest,
): Promise<StepReply> {
  const { identity } = request.onBehalf;
  // A conductor was found when it was called, by the name it goes by.
  const { scope } = request.role === "conductor" ? {} : identity;
  const caller = { namespace: identity.namespace.name, scope, epoch };
  const found = await actions.find(context, request.action, caller);
  if (!found.ok) return (await stepStatus(context, request)) ?? { kind: "refused", failure: found };
  const callable = found.value;
  const { cause, transactionId } = request;
  const origin = { source: request.role === "component" ? "sequence" : "conductor" };
  const calling = { identity, transactionId, acceptedAt: context.now(), cause, causedBy: "sequence" as const, origin };
  if (callable.plan !== undefined && request.role === "component") {
    const known = await stepStatus(context, request, callable);
    if (known !== null) return known;
    const about = { ...activationMetaOf(callable, calling), kind: SEQUENCE };
    const { plan } = callable;
    const { rights, scope } = lentBy(callable, identity.namespace.name);
    return { kind: "nested", about, plan, args: request.payload, rights, ...scopeOf(scope) };
  }
  const payload = await textOf(context, request);
  if (payload === null) return { kind: "refused", failure: fail("corrupted") };
  return run(context, callable, { request, calling, payload });
}

interface Running {
  request: StepRequest;
  calling: Calling;
  payload: RawJson;
}

async function run(
  context: InvocationContext,
  callable: ResolvedAction,
  { request, calling, payload }: Running,
): Promise<StepReply> {
  const { id, onBehalf } = request;
  const args = argumentsOf(callable, payload, { payloadChecked: true });
  if (!args.ok) return { kind: "refused", failure: args };
  const holds = isHeld(context, onBehalf.identity, callable);
  // Its store gives back what the row says was taken.
  const about = activationMetaOf(callable, holds ? { ...calling, permitMs: 0 } : calling);
  if (callable.builtin) {
    const known = await stepStatus(context, request, callable);
    if (known !== null) return known;
    const { identity: caller, apiHost } = onBehalf;
    const served = await runBuiltin(context, { id, about, args: args.value.args, apiHost, caller });
    if (!served.ok && isUnknown(served)) throw new Error(`step ${id}: its record could not be stored`);
    if (!served.ok) return { kind: "refused", failure: served };
    return served.kind === "done" ? done(served.record) : { kind: "accepted", limits: callable.limits };
  }
  const { exec, labels = [], preferred } = callable;
  const place = placeOf({ exec, about, labels }, await context.schedulers(), {
    preferred,
    hostsMayCome: context.hostsMayCome,
  });
  if (!place.ok) return (await stepStatus(context, request, callable)) ?? { kind: "refused", failure: place };
  if (holds) {
    // What was started before holds it, or has given it back.
    const known = await stepStatus(context, request, callable);
    if (known !== null) return known;
    const held = await hold(context, onBehalf.identity, { id, callable });
    if (!held.ok) return { kind: "refused", failure: held };
  }
  const invocation = await invocationOf(context, callable, {
    id,
    about,
    args: args.value,
    calling,
    sealedKey: () => onBehalf.sealedKey,
    blocking: true,
  });
  const until = context.now() + request.waitMs;
  const waitMs = () => Math.max(0, until - context.now());
  const accepted = await retry({ ports: context, id, waitMs }, () =>
    context.storeOf(invocation).accept([invocation], { ...place.value, waitMs: waitMs() }),
  );
  if (accepted === undefined) throw new Error(`step ${id}: its store could not be reached`);
  if (holds && (accepted.kind === "full" || accepted.record !== undefined)) {
    giveBack(context, onBehalf.identity, id);
  }
  if (accepted.kind === "full") {
    return { kind: "refused", failure: tooMany(accepted) };
  }
  return accepted.record === undefined ? { kind: "accepted", limits: callable.limits } : done(accepted.record);
}

/** How it stands with a step that was asked for before, or null if nothing of it is known. */
async function stepStatus(
  context: InvocationContext,
  request: StepRequest,
  callable?: ResolvedAction,
): Promise<StepReply | null> {
  const store = storeOf(context, request);
  const { record, known } = await store.get(request.id);
  if (record !== null) return done(record);
  if (!known && request.onBehalf.identity.limits.storeActivations === false) {
    // What ended and is not kept is only told to those who wait.
    const ended = (await store.await(request.id, { ms: 1 })).record;
    if (ended !== null) return done(ended);
  }
  return known ? { kind: "accepted", limits: callable?.limits ?? UNKNOWN_LIMITS } : null;
}

function storeOf(context: InvocationContext, { id, onBehalf }: StepRequest) {
  return context.storeOf({ id, about: { namespaceId: onBehalf.identity.namespace.uuid } });
}

/** What a step printed is nobody's business but its record's. */
function done(record: ActivationRecord): StepReply {
  return { kind: "done", record: { ...record, logs: { inline: "[]" } } };
}

async function textOf(context: InvocationContext, { payload }: StepRequest): Promise<RawJson | null> {
  return "inline" in payload ? payload.inline : context.blobs.text(payload.blob);
}
