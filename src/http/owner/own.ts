// What an owner asks of his own namespace: another's is forbidden.

import type { Namespace } from "../../entities/identity.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { ownNamespaceOf } from "../namespace.ts";

/** The handler with the caller's namespace, where the path names that. */
export function inOwnNamespace(
  answer: (c: AppContext, namespace: Namespace) => Promise<Response>,
): (c: AppContext) => Promise<Response> {
  return async (c) => {
    const namespace = ownNamespaceOf(c);
    return namespace.ok ? answer(c, c.get("identity").namespace) : respond(c, namespace);
  };
}
