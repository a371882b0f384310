// Keys of a namespace as its owner issues, changes, replaces and revokes them. Nobody gives more than he has: who owns
// the namespace has all that is in it, but no longer than his own key lasts. Nothing that is done here leaves the
// namespace without an owner.

import { developmentIdentity } from "../entities/development.ts";
import type { Identity } from "../entities/identity.ts";
import type { Role } from "../entities/rights.ts";
import type { Scope } from "../entities/scope.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { KeyChanges, KeyGuard, RegisteredKey } from "../storage/registry-store.ts";
import { createIdentity, type IdentityContext } from "./identities.ts";
import { changeKey, type RegistryContext, type RotatedKey, replaceKey, revokeKey } from "./registry.ts";

/** All that these ask of the world. `owner`: whoever asks, with the right `own` and no scope. */
export interface OwnKeyContext extends RegistryContext, Pick<IdentityContext, "identities"> {
  owner: Identity;
}

/** Keys that a namespace may have where its owner makes one more. */
export const MAX_OWN_KEYS = 1_000;

export interface OwnKeyOrder {
  name: string;
  role: Role;
  /** Whose it is; absent: the one who asks. */
  subject?: string | undefined;
  /** Epoch ms; absent: as the key that asks. */
  ends?: number | undefined;
  scope?: Scope | undefined;
}

/** Fails with `already-exists` for a name that another key of the subject has, `subject-blocked`,
 * `namespace-closed`, `too-many-keys`, `beyond-own-end`. */
export async function issueOwnKey(
  context: OwnKeyContext,
  { name, role, subject, ends, scope }: OwnKeyOrder,
): Promise<Result<{ key: string; now: RegisteredKey }>> {
  const { owner, registry } = context;
  const end = ends ?? owner.keyEnds;
  const fault = endFault(owner, end ?? null);
  if (fault !== null) return fault;
  const made = await createIdentity(context, {
    ...{ name, role, subject: subject ?? owner.subject, namespace: owner.namespace.name, most: MAX_OWN_KEYS },
    ...(end === undefined ? {} : { ends: end }),
    ...(scope === undefined ? {} : { scope }),
  });
  if (!made.ok) return made;
  const { key, keyId = "" } = made.value;
  const now = await registry.key(keyId);
  // Somebody has revoked it since.
  return now === null ? fail("not-found") : ok({ key, now });
}

/** Fails with `not-found` for what is no key of this namespace. */
export async function getOwnKey(
  { registry, owner }: Pick<OwnKeyContext, "registry" | "owner">,
  id: string,
): Promise<Result<RegisteredKey>> {
  const key = await registry.key(id);
  return key === null || key.namespace !== owner.namespace.name ? fail("not-found") : ok(key);
}

/** Fails as `getOwnKey` and `changeKey`, with `beyond-own-end`, and with `last-owner`. */
export async function changeOwnKey(
  context: OwnKeyContext,
  { id, ...change }: { id: string } & KeyChanges,
): Promise<Result<RegisteredKey>> {
  const key = await getOwnKey(context, id);
  if (!key.ok) return key;
  const fault = change.ends === undefined ? null : endFault(context.owner, change.ends);
  return fault ?? changeKey(context, { id, ...change }, guardOf(context));
}

/** The new key is told to who asks for it, so that it lasts no longer than his. Fails as `getOwnKey` and `replaceKey`,
 * and with `beyond-own-end`. */
export async function replaceOwnKey(
  context: OwnKeyContext,
  { id, overlap }: { id: string; overlap: number },
): Promise<Result<RotatedKey>> {
  const key = await getOwnKey(context, id);
  if (!key.ok) return key;
  const isItsOwn = id === context.owner.keyId;
  const fault = isItsOwn ? null : endFault(context.owner, key.value.ends);
  return fault ?? replaceKey(context, { id, overlap });
}

/** Fails as `getOwnKey`, and with `last-owner`. */
export async function revokeOwnKey(context: OwnKeyContext, id: string): Promise<Result<RegisteredKey>> {
  const key = await getOwnKey(context, id);
  return key.ok ? revokeKey(context, id, guardOf(context)) : key;
}

/** Why the caller may have no key that ends then (null: never); null where he may. */
function endFault({ keyEnds }: Pick<Identity, "keyEnds">, ends: number | null): Failure | null {
  if (keyEnds === undefined || (ends !== null && ends <= keyEnds)) return null;
  return fail("beyond-own-end", new Date(keyEnds).toISOString());
}

/** A well-known key owns its namespace whatever is stored. */
function guardOf({ owner, now }: Pick<OwnKeyContext, "owner" | "now">): KeyGuard {
  return developmentIdentity(owner.keyId ?? "") === undefined ? { owned: now() } : {};
}
