// What a request adds to the metrics and, where that is asked for, to the log: that it was answered, and that what it
// deleted is gone.

import type { Identity } from "../entities/identity.ts";
import { requestFields } from "../entities/log-level.ts";
import { redacted } from "../events/address.ts";
import { isLogged, log } from "../log.ts";
import type { AppContext } from "./context.ts";
import { namespaceOf } from "./namespace.ts";

/** To be called once for each request, when its answer is known. */
export function countAnswer(c: AppContext, { status, ms }: { status: number; ms: number }): void {
  const { method } = c.req.raw;
  c.get("services").counted.answered({ method, status, ms }, laterOf(c));
  // Hosts ask again and again.
  const level = c.req.path.startsWith("/host/") ? "debug" : "info";
  if (!isLogged(level)) return;
  const identity = c.get("identity") as Identity | undefined;
  const namespace = identity === undefined ? {} : { namespace: identity.namespace.name };
  const path = redacted(c.req.path);
  log[level](
    "request",
    requestFields({ transactionId: c.get("transactionId"), method, path, status, ms, ...namespace }),
  );
}

/** The series of the action in the path go with it. `response`: what is answered. */
export function countDeletion(c: AppContext, response: Response): Response {
  const { package: bundle, name = "" } = c.req.param();
  const action = bundle === undefined ? name : `${bundle}/${name}`;
  c.get("services").counted.gone({ namespace: namespaceOf(c), action }, laterOf(c));
  return response;
}

/** All series of the namespace go with it. */
export function countNamespaceDeletion(c: AppContext, namespace: string): void {
  c.get("services").counted.gone({ namespace }, laterOf(c));
}

function laterOf(c: AppContext): (work: Promise<unknown>) => void {
  return (work) => c.executionCtx.waitUntil(work);
}
