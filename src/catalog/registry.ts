// Namespaces, keys and limits as an administrator changes them. When one of these has returned, no isolate uses what it
// had read of the namespace before: a key that was revoked, or has been replaced with no time left,
// is refused everywhere.

import type { NamespaceLimits } from "../entities/identity.ts";
import { fail, ok, type Result } from "../errors.ts";
import type {
  KeyChanges,
  KeyGuard,
  KeyRotation,
  RegisteredKey,
  RegisteredNamespace,
  RegistryStore,
} from "../storage/registry-store.ts";
import { type IdentityContext, tellStores } from "./identities.ts";

/** All that these ask of the world. */
export interface RegistryContext extends Pick<IdentityContext, "withWrites" | "shards" | "shard"> {
  registry: RegistryStore;
  /** Epoch ms. */
  now(): number;
}

/** Stands for everybody where stores are told who is barred. */
const EVERYBODY = "";

/** A namespace nobody has a key to yet. Fails with `already-exists`. */
export async function createNamespace(
  { registry, withWrites }: RegistryContext,
  { name, limits = {} }: { name: string; limits?: NamespaceLimits | undefined },
): Promise<Result<RegisteredNamespace>> {
  const made = await withWrites([name], () => registry.createNamespace(name, limits));
  return made === null ? fail("already-exists") : ok(made);
}

export async function getNamespace({ registry }: RegistryContext, name: string): Promise<Result<RegisteredNamespace>> {
  const found = await registry.namespace(name);
  return found === null ? fail("not-found") : ok(found);
}

/** Or opens what was blocked: no key opens it, and what waits in it ends. Fails with `not-found`,
 * `namespace-closed`. */
export async function blockNamespace(
  context: RegistryContext,
  { name, blocked }: { name: string; blocked: boolean },
): Promise<Result<RegisteredNamespace>> {
  const changed = await context.withWrites([name], () => context.registry.setBlocked(name, blocked));
  if (changed === null) return absent(context, name);
  const { namespace, open } = changed;
  await tellStores(context, { subject: EVERYBODY, barred: blocked, namespaces: [{ namespace, open }] });
  return ok(changed);
}

/** Fails with `not-found`, `already-exists` for a name that another key of the subject has,
 * `key-replaced`, `last-owner`. */
export async function changeKey(
  context: RegistryContext,
  { id, ...change }: { id: string } & KeyChanges,
  guard: KeyGuard = {},
): Promise<Result<RegisteredKey>> {
  const { registry } = context;
  const changed = await withKey(context, id, () => registry.changeKey(id, change, guard));
  if (changed === null || changed.kind === "missing") return fail("not-found");
  if (changed.kind === "changed") return ok(changed.key);
  if (changed.kind === "last-owner") return fail("last-owner");
  return fail(changed.kind === "taken" ? "already-exists" : "key-replaced");
}

export interface RotatedKey {
  /** `uuid:secret`, told this once. */
  key: string;
  now: RegisteredKey;
  /** Null: it went at once. */
  before: RegisteredKey | null;
}

/** Another key takes the name of this one, which stays good for `overlap` s. Fails with `not-found`, `already-exists`
 * for a key that somebody has, `key-replaced` where somebody was first. */
export async function replaceKey(
  context: RegistryContext,
  { id, overlap, ...more }: { id: string; overlap: number } & Pick<KeyRotation, "key" | "ends">,
): Promise<Result<RotatedKey>> {
  const { registry } = context;
  const now = context.now();
  const rotation = { ...more, now, goodUntil: now + overlap * 1_000 };
  const rotated = await withKey(context, id, () => registry.rotateKey(id, rotation));
  if (rotated === null || rotated.kind === "missing") return fail("not-found");
  if (rotated.kind === "rotated") return ok(rotated);
  return fail(rotated.kind === "exists" ? "already-exists" : "key-replaced");
}

/** If it was the last of its subject to the namespace, what waits in his name there ends.
 * Fails with `not-found`, `last-owner`. */
export async function revokeKey(
  context: RegistryContext,
  id: string,
  guard: KeyGuard = {},
): Promise<Result<RegisteredKey>> {
  const { registry } = context;
  const gone = await withKey(context, id, () => registry.revokeKey(id, guard));
  if (gone === null) return fail("not-found");
  if (gone.kind !== "revoked") return fail(gone.kind === "missing" ? "not-found" : "last-owner");
  const { key, more } = gone;
  const found = more ? null : await registry.namespace(key.namespace);
  if (found !== null) await tellStores(context, { subject: key.subject, barred: true, namespaces: [found] });
  return ok(key);
}

/** Limits of a namespace that need not be there yet. Fails with `namespace-closed` while it is deleted. */
export async function setLimits(
  { registry, withWrites }: RegistryContext,
  { name, limits, merge }: { name: string; limits: object; merge: boolean },
): Promise<Result<NamespaceLimits>> {
  const set = await withWrites([name], () => registry.setLimits(name, limits, { merge }));
  return set === null ? fail("namespace-closed", name) : ok(set);
}

/** Fails with `not-found` where there are none. */
export async function deleteLimits({ registry, withWrites }: RegistryContext, name: string): Promise<Result<string>> {
  return (await withWrites([name], () => registry.deleteLimits(name))) ? ok(name) : fail("not-found");
}

/** A change to a key, in the name of its namespace; null: there is no such key. */
async function withKey<T>(
  { registry, withWrites }: RegistryContext,
  id: string,
  write: () => Promise<T>,
): Promise<T | null> {
  const key = await registry.key(id);
  return key === null ? null : withWrites([key.namespace], write);
}

async function absent({ registry }: RegistryContext, name: string): Promise<Result<never>> {
  return (await registry.namespace(name)) === null ? fail("not-found") : fail("namespace-closed", name);
}
