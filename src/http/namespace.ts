// Which namespace a path means: `_` is the caller's own.

import { fail, ok, type Result } from "../errors.ts";
import type { AppContext } from "./context.ts";

export function namespaceOf(c: AppContext): string {
  const given = c.req.param("ns") ?? "_";
  return given === "_" ? c.get("identity").namespace.name : given;
}

/** The namespace of the path if it is the caller's own; others are forbidden. */
export function ownNamespace(c: AppContext): Result<string> {
  const namespace = namespaceOf(c);
  return namespace === c.get("identity").namespace.name ? ok(namespace) : fail("not-authorized", namespace);
}
