// The story of a fire: permit, trigger, one stored fact, and only then the id.
// What follows from the fact is fan-out.ts.

import { type ActivationId, derivedActivationId, newActivationId } from "../entities/activation-id.ts";
import { argsKey } from "../entities/blob-keys.ts";
import { type Identity, scopeOf } from "../entities/identity.ts";
import { scopeFault, scopeIn } from "../entities/permission.ts";
import { membersOf, mergeLayers, type RawJson } from "../entities/raw-json.ts";
import { common } from "../entities/rights.ts";
import { inBoth } from "../entities/scope.ts";
import { seal } from "../entities/sealing.ts";
import type { Trigger } from "../entities/trigger.ts";
import { type Failure, fail } from "../errors.ts";
import type { OnBehalf } from "../protocol/composition.ts";
import type { Fire, Once } from "../protocol/fire.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { FanOut } from "./fan-out.ts";
import { enter } from "./permit.ts";
import type { FireContext, InvocationContext } from "./ports.ts";
import { fullnessOf, payloadOf } from "./prepare.ts";
import { outOfReach, retry } from "./retry.ts";
import { tooMany } from "./submit.ts";
import type { Triggers } from "./triggers.ts";

/** Who fires which trigger, with what. */
export interface FireRequest {
  identity: Identity;
  /** Epoch of the identity's own namespace. */
  epoch: number;
  transactionId: string;
  trigger: EntityKey;
  /** Text of a JSON object, checked. */
  payload?: RawJson;
  /** Of the request, names in lower case. */
  headers: Iterable<readonly [string, string]>;
  /** Scheme and host under which the caller reached this platform. */
  apiHost: string;
  /** An id that follows from something: the same fire made twice is one activation. Absent = a fresh one. */
  id?: ActivationId;
  /** What was told before fires nothing. `id` says which store knows. */
  once?: Once;
}

/** What became of a fire. "accepted": it is stored, and each of its rules will be served:
 * `runs` are what those start. */
export type Fired =
  | { ok: true; kind: "accepted"; id: ActivationId; runs: ActivationId[] }
  /** It was told of before, and fired under this id. */
  | { ok: true; kind: "duplicate"; id: ActivationId }
  /** No rule is active: nothing happened and nothing is kept. */
  | { ok: true; kind: "idle" }
  | Failure;

/** The key would lie in the fact and in every rule's arguments. */
const KEPT_BACK: ReadonlySet<string> = new Set(["authorization"]);

/** Stores the fire as one fact, then answers; the rules are served afterwards. Fails if the trigger is not the
 * caller's own, or not in his scope, or if its namespace has fired too often. */
export async function fire(
  context: FireContext,
  { triggers, fanOut }: { triggers: Triggers; fanOut: FanOut },
  request: FireRequest,
): Promise<Fired> {
  const { identity, epoch } = request;
  const { path, name } = request.trigger;
  const acceptedAt = context.now();
  const id = request.id ?? newActivationId(acceptedAt, context.shard());
  const full = await fullnessOf(context, identity, id);
  if (full !== null) return fail("records-full", full);
  const permit = await enter(context, identity, { id, kind: "fire" });
  if (!permit.ok) return permit;
  if (path !== identity.namespace.name) return fail("not-authorized", `${path}/${name}`);
  const beyond = scopeFault(scopeIn(identity), request.trigger);
  if (beyond !== null) return beyond;
  const found = await triggers.find(context, request.trigger, epoch);
  if (!found.ok) return found;
  const trigger = found.value;
  if (!trigger.rules.some((each) => each.status === "active")) return { ok: true, kind: "idle" };
  const args = argumentsOf(trigger, request);
  const fact = await factOf(context, trigger, { id, acceptedAt, args, request });
  const accepted = await retry({ ports: context, id }, () => context.storeOf(fact).fire(fact));
  if (accepted === undefined) return outOfReach(context);
  if (accepted.kind === "full") return tooMany(accepted);
  if (accepted.kind === "duplicate") {
    const spare = accepted.id === id ? [] : blobsOfFire(fact);
    if (spare.length > 0) context.later(context.blobs.delete(spare));
    return { ok: true, kind: "duplicate", id: accepted.id };
  }
  context.later(fanOut.run(context, fact, { args, identity, epoch }));
  const runs = fact.rules.filter((each) => each.active).map((each) => each.id);
  return { ok: true, kind: "accepted", id, runs };
}

/** What its actions get: the trigger's parameters, under the headers, under the payload. */
export function argumentsOf({ parameters }: Trigger, { headers, payload }: FireRequest): RawJson {
  const told = Object.fromEntries([...headers].filter(([name]) => !KEPT_BACK.has(name)));
  const around = [{ key: "__ow_headers", value: JSON.stringify(told) }];
  return mergeLayers([parameters, around, payload === undefined ? [] : (membersOf(payload) ?? [])]);
}

/** The fire as it is stored. What is long in it lies in the blob store when this returns. */
export async function factOf(
  context: InvocationContext,
  trigger: Trigger,
  fired: { id: ActivationId; acceptedAt: number; args: RawJson; request: FireRequest },
): Promise<Fire> {
  const { id, acceptedAt, args, request } = fired;
  const { identity, transactionId, apiHost } = request;
  const { name: namespace, uuid: namespaceId } = identity.namespace;
  const owner = { namespaceId };
  // A fire that is tried again days later must not name what is being swept just then.
  const unique = crypto.randomUUID();
  const rules = trigger.rules.map(async ({ rule, action, status, writtenWith, writerScope }) => {
    const rights = common(trigger.writtenWith, writtenWith);
    const scope = scopeOf(inBoth(trigger.writerScope, writerScope));
    return { rule, action, active: status === "active", rights, ...scope, id: await derivedActivationId(id, [rule]) };
  });
  const [payload, kept, onBehalf, ...list] = await Promise.all([
    payloadOf(context, request.payload ?? "{}", { key: `results/${id}/${unique}`, owner }),
    payloadOf(context, args, { key: `${argsKey(namespaceId, id)}/${unique}`, owner }),
    onBehalfOf(context, identity, apiHost),
    ...rules,
  ]);
  const { subject, keyId = "", limits } = identity;
  const { name, version } = trigger;
  return {
    id,
    about: {
      ...{ namespace, namespaceId, subject, name, version, acceptedAt, transactionId },
      ...(keyId === "" ? {} : { keyId }),
      ...(limits.storeActivations === false ? { store: false } : {}),
    },
    payload,
    args: kept,
    onBehalf,
    rules: list,
    ...(request.once === undefined ? {} : { once: request.once }),
  };
}

async function onBehalfOf(
  context: Pick<InvocationContext, "masterSecret">,
  identity: Identity,
  apiHost: string,
): Promise<OnBehalf> {
  const { key, ...rest } = identity;
  // A credential would have expired by the time it is needed.
  return {
    identity: rest,
    sealedKey: rest.derived ? "" : await seal(context.masterSecret, "handed-on-key", key),
    apiHost,
  };
}

/** Where what is long in it lies. */
export function blobsOfFire({ payload, args }: Pick<Fire, "payload" | "args">): string[] {
  return [payload, args].flatMap((each) => ("blob" in each ? [each.blob] : []));
}
