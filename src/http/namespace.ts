// What a path names: `_` is the caller's own namespace.

import type { ActionAddress } from "../catalog/action-place.ts";
import { type OwnKey, type OwnPath, ownKey, ownPath } from "../catalog/own.ts";
import { namespaceFault } from "../entities/names.ts";
import { ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { AppContext } from "./context.ts";

export function namespaceOf(c: AppContext): string {
  const given = c.req.param("ns") ?? "_";
  return given === "_" ? c.get("identity").namespace.name : given;
}

/** The namespace of the path, whosever it is and whether it is there or not, if it can be one. */
export function anyNamespaceOf(c: AppContext): Result<string> {
  const namespace = namespaceOf(c);
  return namespaceFault(namespace) ?? ok(namespace);
}

/** The namespace of the path if it is the caller's own; others are forbidden. */
export function ownNamespaceOf(c: AppContext): Result<OwnPath> {
  return ownPath(c.get("identity"), namespaceOf(c));
}

/** The entity in the path, which stands in no package. Not looked at yet. */
export function entityKeyOf(c: AppContext): EntityKey {
  return { path: namespaceOf(c), name: c.req.param("name") ?? "" };
}

/** The same, if it is the caller's own. */
export function ownKeyOf(c: AppContext): Result<OwnKey> {
  return ownKey(c.get("identity"), entityKeyOf(c));
}

/** The action in the path, in a package or in none. Not looked at yet. */
export function actionAddressOf(c: AppContext): ActionAddress & { name: string } {
  return { namespace: namespaceOf(c), package: c.req.param("package"), name: c.req.param("name") ?? "" };
}
