// GET /namespaces: the caller's one namespace; and what it may use.

import type { Identity, NamespaceLimits } from "../../entities/identity.ts";
import { boundsFor, maxParameters } from "../../entities/limit-values.ts";
import { sizeText } from "../../entities/size.ts";
import type { Settings } from "../../env.ts";
import { fail } from "../../errors.ts";
import { throttleOf, UNLIMITED } from "../../invocation/permit.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { json } from "../reply.ts";

const ROOT = "/api/v1/namespaces";
const LIMITS = `${ROOT}/:ns/limits`;

export function namespaceRoutes(app: App): void {
  for (const path of [ROOT, `${ROOT}/`]) {
    app.get(path, (c) => json(c, JSON.stringify([c.get("identity").namespace.name])));
    app.all(path, methodNotAllowed("GET"));
  }
  for (const path of [LIMITS, `${LIMITS}/`]) {
    app.get(path, limits);
    app.all(path, methodNotAllowed("GET"));
  }
  app.all(`${LIMITS}/*`, (c) =>
    respond(c, fail("bad-request", "Inner entity level routes for limits are not yet implemented.")),
  );
}

function limits(c: AppContext): Response {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  return json(c, JSON.stringify(effectiveLimits(c.get("identity"), c.get("settings"))));
}

/** What is enforced for this identity: its own limits, which never widen the system's, and the system's for the rest. A count
 * that nothing limits is not named. */
function effectiveLimits(identity: Identity, settings: Settings): NamespaceLimits & object {
  const { limits: own } = identity;
  const { memory, logs, timeout, concurrency } = boundsFor(own, settings.bounds);
  const throttle = throttleOf(identity, settings.throttle ? settings.throttleDefaults : null);
  const counts = Object.entries(throttle ?? {}).filter(([, count]) => count !== UNLIMITED);
  const instances = throttle?.concurrentInvocations ?? UNLIMITED;
  return {
    ...Object.fromEntries(counts),
    ...(own.allowedKinds === undefined ? {} : { allowedKinds: own.allowedKinds }),
    ...(own.storeActivations === undefined ? {} : { storeActivations: own.storeActivations }),
    minActionMemory: memory.min,
    maxActionMemory: memory.max,
    minActionLogs: logs.min,
    maxActionLogs: logs.max,
    minActionTimeout: timeout.min,
    maxActionTimeout: timeout.max,
    minActionConcurrency: concurrency.min,
    maxActionConcurrency: concurrency.max,
    maxParameterSize: sizeText(maxParameters(own)),
    ...(instances === UNLIMITED ? {} : { maxActionInstances: instances }),
  };
}
