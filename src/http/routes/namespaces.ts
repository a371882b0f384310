// GET /namespaces: the caller's one namespace; and what it may use.

import { effectiveLimits, isCounted, usedOf } from "../../catalog/effective-limits.ts";
import { fail } from "../../errors.ts";
import { described } from "../api/operations.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { json } from "../reply.ts";

const ROOT = "/api/v1/namespaces";
const LIMITS = `${ROOT}/:ns/limits`;

export function namespaceRoutes(app: App): void {
  for (const path of [ROOT, `${ROOT}/`]) {
    app.get(path, described("listNamespaces", list));
    app.all(path, methodNotAllowed("GET"));
  }
  for (const path of [LIMITS, `${LIMITS}/`]) {
    app.get(path, described("getLimits", limits));
    app.all(path, methodNotAllowed("GET"));
  }
  app.all(`${LIMITS}/*`, (c) =>
    respond(c, fail("bad-request", "Inner entity level routes for limits are not yet implemented.")),
  );
}

function list(c: AppContext): Response {
  return json(c, JSON.stringify([c.get("identity").namespace.name]));
}

/** What is in force, and where something is counted what is used of it. */
async function limits(c: AppContext): Promise<Response> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const { bounds, throttle } = catalogOf(c);
  const identity = c.get("identity");
  const inForce = effectiveLimits(identity, { bounds, throttle });
  if (!isCounted(inForce)) return json(c, JSON.stringify(inForce));
  const used = usedOf(await c.get("services").used(identity.namespace.uuid));
  return json(c, JSON.stringify({ ...inForce, used }));
}
