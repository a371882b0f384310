// What a path names: `_` is the caller's own namespace.

import { ownNamespace } from "../catalog/own.ts";
import type { Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { AppContext } from "./context.ts";

export function namespaceOf(c: AppContext): string {
  const given = c.req.param("ns") ?? "_";
  return given === "_" ? c.get("identity").namespace.name : given;
}

/** The namespace of the path if it is the caller's own; others are forbidden. */
export function ownNamespaceOf(c: AppContext): Result<string> {
  return ownNamespace(c.get("identity"), namespaceOf(c));
}

/** The entity in the path, which stands in no package. Not looked at yet. */
export function entityKeyOf(c: AppContext): EntityKey {
  return { path: namespaceOf(c), name: c.req.param("name") ?? "" };
}
