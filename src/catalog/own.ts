// What is the caller's own. Triggers, rules and packages are written in the caller's namespace and in no other;
// triggers, rules and activations are read there only.

import type { Identity } from "../entities/identity.ts";
import { nameFault, namespaceFault } from "../entities/names.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";

declare const OWN: unique symbol;

/** A well-formed name in the caller's own namespace. `ownKey` alone makes one:
 * what takes it has nothing to check any more. */
export type OwnKey = EntityKey & { readonly [OWN]: true };

/** The caller's own namespace, as `ownPath` alone makes it. */
export type OwnPath = string & { readonly [OWN]: true };

type Caller = Pick<Identity, "namespace">;

/** Fails with `bad-request` for what can be no name, `not-authorized` for another's namespace. */
export function ownKey(caller: Caller, key: EntityKey): Result<OwnKey> {
  const { path, name } = key;
  const fault = namespaceFault(path) ?? nameFault(name);
  if (fault !== null) return fault;
  return path === caller.namespace.name ? ok(key as OwnKey) : fail("not-authorized", `${path}/${name}`);
}

/** The namespace, if it is the caller's own. Fails with `bad-request` for what can be none,
 * `not-authorized` for another's. */
export function ownPath(caller: Caller, namespace: string): Result<OwnPath> {
  const fault = namespaceFault(namespace);
  if (fault !== null) return fault;
  return namespace === caller.namespace.name ? ok(namespace as OwnPath) : fail("not-authorized", namespace);
}
