// What travels of a call: what is known of it, its arguments, and the key it is run with.

import type { ActivationMeta } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import { argsKey } from "../entities/blob-keys.ts";
import { type Identity, type Lent, limitedTo, rightsOf, scopeOf } from "../entities/identity.ts";
import { answerBounds } from "../entities/limit-values.ts";
import { MAX_INLINE } from "../entities/limits.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { common } from "../entities/rights.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { BlobOwner } from "../storage/blob-store.ts";
import type { Arguments } from "./arguments.ts";
import type { InvocationContext } from "./ports.ts";
import type { ResolvedAction } from "./resolved-action.ts";

/** Who calls, when, and in the course of what. */
export interface Calling {
  identity: Omit<Identity, "key">;
  transactionId: string;
  acceptedAt: number;
  cause?: ActivationId | undefined;
  causedBy?: "sequence" | undefined;
  /** ms that the permit took, where one was asked for. */
  permitMs?: number | undefined;
  origin?: Origin | undefined;
}

/** What calls it: see RecordMeta. */
export interface Origin {
  source: string;
  /** Their names. */
  trigger?: string;
  rule?: string;
}

interface Ready {
  id: ActivationId;
  about: ActivationMeta;
  args: Arguments;
  calling: Calling;
  /** The caller's own key, sealed; asked for only where the action wants it. */
  sealedKey: () => Promise<string> | string;
  blocking: boolean;
}

const encoder = new TextEncoder();

/** Who and what the activation of this call is. `store` is false where the namespace keeps no records. */
export function activationMetaOf(callable: ResolvedAction, calling: Calling): ActivationMeta {
  const { identity, cause, causedBy, permitMs, origin = { source: "api" } } = calling;
  return {
    namespace: identity.namespace.name,
    namespaceId: identity.namespace.uuid,
    subject: identity.subject,
    ...(identity.keyId ? { keyId: identity.keyId } : {}),
    name: callable.name,
    version: callable.version,
    path: callable.path,
    kind: callable.kind,
    limits: callable.limits,
    acceptedAt: calling.acceptedAt,
    transactionId: calling.transactionId,
    ...(callable.binding === undefined ? {} : { binding: callable.binding }),
    ...(cause === undefined ? {} : { cause }),
    ...(causedBy === undefined ? {} : { causedBy }),
    ...(identity.limits.storeActivations === false ? { store: false } : {}),
    ...(permitMs === undefined ? {} : { permitMs }),
    actionRevision: callable.revision,
    ...origin,
  };
}

/** Why no call of this identity is taken that would end as a record in the store of this id, or null. */
export function fullnessOf(
  context: Pick<InvocationContext, "fullness">,
  { namespace, limits }: Pick<Identity, "namespace" | "limits">,
  id: ActivationId,
): string | null | Promise<string | null> {
  if (limits.storeActivations === false) return null;
  return context.fullness({ id, about: { namespaceId: namespace.uuid } });
}

/** The call as it travels. Arguments above 64 KB go to the blob store first; a key is sealed only where the action
 * asks for the owner's. */
export async function invocationOf(
  context: InvocationContext,
  callable: ResolvedAction,
  ready: Ready,
): Promise<Invocation> {
  const { id, about, args, calling, blocking } = ready;
  const bounds = answerBounds(calling.identity.limits);
  return {
    id,
    about,
    revision: callable.revision,
    exec: callable.exec,
    args: await payloadOf(context, args.args, { key: argsKey(about.namespaceId, id), owner: about }),
    ...(args.initEnv === undefined ? {} : { initEnv: args.initEnv }),
    ...(await keyOf(callable, ready)),
    blocking,
    ...(callable.labels === undefined ? {} : { labels: callable.labels }),
    ...(callable.maxQueue === undefined ? {} : { maxQueue: callable.maxQueue }),
    ...(bounds === undefined ? {} : { answerBounds: bounds }),
  };
}

/** Arguments too large for a frame lie in the blob store before anybody hears of the call. */
export async function payloadOf(
  context: { blobs: Pick<InvocationContext["blobs"], "put"> },
  args: RawJson,
  { key, owner }: { key: string; owner: BlobOwner },
): Promise<Invocation["args"]> {
  if (args.length * 3 <= MAX_INLINE) return { inline: args };
  const bytes = encoder.encode(args);
  if (bytes.byteLength <= MAX_INLINE) return { inline: args };
  await context.blobs.put(key, bytes, owner);
  return { blob: key, size: bytes.byteLength };
}

/** What the writers of an action lend to what it does in this namespace: strangers the least, whoever calls it, since
 * they say what is done: also which actions a composition of theirs runs, and with what. */
export function lentBy(
  { writtenWith, writerScope, path }: Pick<ResolvedAction, "writtenWith" | "writerScope" | "path">,
  namespace: string,
): Lent {
  const [home] = path.split("/", 1);
  const isOwn = home === namespace || home === SYSTEM_NAMESPACE;
  return { rights: isOwn ? writtenWith : common(writtenWith, "use"), ...scopeOf(writerScope) };
}

/** The key an action runs with has what its caller, its writers and its annotation have in common. Whoever came with
 * less than a stored key has no owner's key to pass on. */
async function keyOf(
  callable: ResolvedAction,
  { calling, sealedKey }: Ready,
): Promise<Pick<Invocation, "credential" | "rights" | "scope" | "sealedKey">> {
  const { askedRights } = callable;
  if (askedRights === null) return { credential: "none" };
  const { identity } = calling;
  const lent = limitedTo(identity, lentBy(callable, identity.namespace.name));
  const rights = common(askedRights, rightsOf(lent));
  if (rights !== "owner") return { credential: "activation", rights, ...scopeOf(lent.scope) };
  return { credential: "owner", sealedKey: await sealedKey() };
}
