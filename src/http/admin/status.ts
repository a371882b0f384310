// /admin/v1/status and /waiting: the platform at a glance, and one host of it. Each object is asked itself.

import { fleet, hostStatus, type StatusContext, waitingNow } from "../../catalog/fleet-status.ts";
import type { StatusAnswer } from "../../entities/administration.ts";
import { adminRightsOf } from "../../entities/administrator.ts";
import { developmentNamespaces } from "../../entities/development.ts";
import { answered } from "../../invocation/retry.ts";
import type { App, AppContext } from "../context.ts";
import { answer } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
import { withDifferences } from "./differences.ts";

/** ms that one object may take to say how it is. */
const WITHIN_MS = 3_000;

export function statusRoutes(app: App, root: string): void {
  app.get(`${root}/status`, status);
  app.all(`${root}/status`, methodNotAllowed("GET"));
  app.get(`${root}/waiting`, waiting);
  app.all(`${root}/waiting`, methodNotAllowed("GET"));
  app.get(`${root}/hosts/:name`, host);
}

async function status(c: AppContext): Promise<Response> {
  const context = contextOf(c);
  const { stores, settings, bucket } = c.get("services");
  const size = bucket.get((work) => c.executionCtx.waitUntil(work));
  const [hosts, waits, sizes, blobs] = await Promise.all([fleet(context), waitingNow(context), stores.sizes(), size]);
  const who = c.get("administrator");
  const now: StatusAnswer = {
    administrator: { ...who, rights: adminRightsOf(who.role) },
    ...(settings.build === undefined ? {} : { build: settings.build }),
    at: Date.now(),
    hosts: hosts.map((each) => each.host),
    waiting: waits.items,
    more: waits.more,
    stores: [...sizes, blobs],
    ...(settings.securityFloor === undefined ? {} : { securityFloor: settings.securityFloor }),
  };
  return json(c, JSON.stringify(now));
}

async function waiting(c: AppContext): Promise<Response> {
  return json(c, JSON.stringify(await waitingNow(contextOf(c))));
}

async function host(c: AppContext): Promise<Response> {
  return answer(c, await hostStatus(contextOf(c), c.req.param("name") ?? ""), (found) => JSON.stringify(found));
}

function contextOf(c: AppContext): StatusContext {
  const services = c.get("services");
  const { build } = services.settings;
  return {
    roster: services.roster(),
    scheduler: (name) => services.scheduler(name),
    store: (name) => services.store(name),
    registry: services.stores.registry,
    wellKnown: services.settings.developmentKeys ? developmentNamespaces() : [],
    marked: (entries) => withDifferences(entries, build),
    now: () => Date.now(),
    soon: (work) => answered(after, WITHIN_MS, work),
  };
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
