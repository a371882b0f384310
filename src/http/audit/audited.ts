// The audit log at the door: acts that are refused or fail, and acts elsewhere than in the database of entities.

import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { AuditResult } from "../../entities/audit.ts";
import type { Identity } from "../../entities/identity.ts";
import { faultText } from "../../entities/log-level.ts";
import { log } from "../../log.ts";
import { authorOf } from "../author.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { told } from "../told.ts";
import { AUDITED, type AuditedRoute } from "./acts.ts";
import { MAX_REFUSED, type RefusalLine, Refusals } from "./refusals.ts";

/** ms for which refused acts are counted before the count is written. */
const TELL_AFTER_MS = 2_000;
const API = "/api/v1/namespaces/:ns";
/** Collections in which a POST is a call or a fire: those have records. */
const CALLED = ["actions", "triggers"];
const OTHERS = ["packages/*", "rules/*", "records", "keys", "keys/*", "retention", "forwarding", "events"];

/** Stands before keys are asked for: who has none is refused as well. */
export function refusalAudit(app: App): void {
  const refusals = new Refusals();
  const handler: MiddlewareHandler<AppEnv> = async (c, next) => {
    await next();
    const { status } = c.res;
    if (status < 400) return;
    const route = routeOf(c) ?? loginOf(c, status);
    if (route !== null) c.executionCtx.waitUntil(writeRefused(c, refusals, route.act).catch(lost));
  };
  const unlessCalled: MiddlewareHandler<AppEnv> = (c, next) => (c.req.method === "POST" ? next() : handler(c, next));
  for (const collection of CALLED) app.use(`${API}/${collection}/*`, unlessCalled);
  for (const path of OTHERS) app.use(`${API}/${path}`, handler);
  app.use("/admin/*", handler);
}

/** Stands behind the keys, before the routes: who has come so far acts. */
export const outsideAudit: MiddlewareHandler<AppEnv> = async (c, next) => {
  const route = c.req.method === "GET" ? null : routeOf(c);
  if (route?.line !== "outside") return next();
  const log = c.get("services").audit();
  const line = await log.begin({ author: authorOf(c), ...whatOf(c, route.act) });
  await next();
  await log.end(line, c.res.status < 400 ? "done" : c.res.status < 500 ? "refused" : "failed");
};

async function writeRefused(c: AppContext, refusals: Refusals, act: string): Promise<void> {
  const { status } = c.res;
  const author = authorOf(c);
  const log = c.get("services").audit();
  const result: AuditResult = status < 500 ? "refused" : "failed";
  const code = (c.get("failure") as string | undefined) ?? "";
  const refused = { author, ...whatOf(c, act), result, detail: { status, code } };
  if (result === "failed") return log.note(refused);
  let decision: RefusalLine = refusals.decide(author, Date.now());
  if (decision.kind === "write") {
    const { minute } = decision;
    if (await log.refuse(refused, { minute, max: MAX_REFUSED })) return;
    decision = refusals.full(author, minute);
  }
  if (decision.kind !== "tell") return;
  await new Promise((resolve) => setTimeout(resolve, TELL_AFTER_MS));
  const counted = refusals.take(author);
  if (counted !== null) await log.count(counted.author, counted);
}

/** Nobody waits for it any more: what cannot be written is at least said. */
function lost(error: unknown): void {
  log.error("audit-line-lost", { text: faultText(error) });
}

function routeOf(c: AppContext): AuditedRoute | null {
  for (const { method, path } of matchedRoutes(c)) {
    const route = AUDITED.get(`${method} ${path}`);
    if (route !== undefined) return route;
  }
  return null;
}

/** Who is not let in as an administrator, whatever he wanted. */
function loginOf(c: AppContext, status: number): { act: string } | null {
  return c.req.path.startsWith("/admin/") && (status === 401 || status === 403) ? { act: "admin.enter" } : null;
}

/** The target: of the API the name that stands behind the collection,
 * of the admin API all that stands behind its version. */
function whatOf(c: AppContext, act: string): { namespace: string; act: string; target: string } {
  const path = told(c.req.path);
  if (path.startsWith("/admin/")) {
    const target = path.replace(/^\/admin\/v1\//, "");
    return { namespace: /^namespaces\/([^/]+)/.exec(target)?.[1] ?? "", act, target };
  }
  const [named = "", , ...names] = path.replace(/^\/api\/v1\/namespaces\//, "").split("/");
  const own = (c.get("identity") as Identity | undefined)?.namespace.name;
  const namespace = named === "_" ? (own ?? "") : named;
  return { namespace, act, target: [namespace, ...names].join("/") };
}
