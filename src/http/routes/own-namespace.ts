// /namespaces/{ns}/retention, …/usage, …/forwarding, …/events and …/secrets: what is decided for a whole namespace, for
// whoever owns it.

import type { Namespace } from "../../entities/identity.ts";
import { described } from "../api/operations.ts";
import type { App, AppContext } from "../context.ts";
import { methodNotAllowed } from "../method.ts";
import { EVENT_FORWARDING, RECORD_FORWARDING } from "../owner/forwarding.ts";
import { inOwnNamespace } from "../owner/own.ts";
import { clearRetention, setOwnRetention, showRetention, showUsage } from "../owner/retention.ts";
import { json } from "../reply.ts";

const ROOT = "/api/v1/namespaces/:ns";

export function ownNamespaceRoutes(app: App): void {
  const retention = `${ROOT}/retention`;
  app.get(retention, described("getRetention", inOwnNamespace(showRetention)));
  app.put(retention, described("setRetention", inOwnNamespace(setOwnRetention)));
  app.delete(retention, described("clearRetention", inOwnNamespace(clearRetention)));
  app.all(retention, methodNotAllowed("GET, PUT, DELETE"));
  app.get(`${ROOT}/usage`, described("getUsage", inOwnNamespace(showUsage)));
  app.all(`${ROOT}/usage`, methodNotAllowed("GET"));
  const forwarding = `${ROOT}/forwarding`;
  app.get(forwarding, described("getForwarding", inOwnNamespace(RECORD_FORWARDING.show)));
  app.put(forwarding, described("setForwarding", inOwnNamespace(RECORD_FORWARDING.set)));
  app.delete(forwarding, described("removeForwarding", inOwnNamespace(RECORD_FORWARDING.remove)));
  app.all(forwarding, methodNotAllowed("GET, PUT, DELETE"));
  const events = `${ROOT}/events`;
  app.get(events, described("getEvents", inOwnNamespace(EVENT_FORWARDING.show)));
  app.put(events, described("setEvents", inOwnNamespace(EVENT_FORWARDING.set)));
  app.delete(events, described("removeEvents", inOwnNamespace(EVENT_FORWARDING.remove)));
  app.all(events, methodNotAllowed("GET, PUT, DELETE"));
  app.get(`${ROOT}/secrets`, described("listSecrets", inOwnNamespace(listSecrets)));
  app.all(`${ROOT}/secrets`, methodNotAllowed("GET"));
}

/** What they are for; never themselves. */
async function listSecrets(c: AppContext, namespace: Namespace): Promise<Response> {
  return json(c, JSON.stringify(await c.get("services").stores.secretsOf(namespace.uuid)));
}
