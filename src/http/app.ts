// The edge: one door for all of HTTP. What every request needs is done once, here; each resource has a file in routes/.

import { Hono, type MiddlewareHandler } from "hono";
import { MAX_BODY } from "../entities/limits.ts";
import { faultText } from "../entities/log-level.ts";
import type { Env } from "../env.ts";
import { fail, type Result } from "../errors.ts";
import { redacted, WEBHOOK_PREFIX } from "../events/address.ts";
import { FanOut } from "../invocation/fan-out.ts";
import { ActionResolver } from "../invocation/resolve.ts";
import { NoAnswer } from "../invocation/retry.ts";
import { Triggers } from "../invocation/triggers.ts";
import { inTransaction, log } from "../log.ts";
import type { Services } from "../services/services.ts";
import { accepts } from "./accept.ts";
import { adminRoutes } from "./admin/admin.ts";
import { outsideAudit, refusalAudit } from "./audit/audited.ts";
import { authenticate } from "./authenticate.ts";
import { discardRest, patienceWith, tooLarge } from "./body.ts";
import type { App, AppContext, AppEnv } from "./context.ts";
import { countAnswer } from "./counted.ts";
import { respond } from "./errors.ts";
import { Identities } from "./identities.ts";
import { queueOfIsolate } from "./in-turn.ts";
import { EVENT_STREAM } from "./live/events.ts";
import { pathFault } from "./one-path.ts";
import { unfinishedBodies } from "./patience.ts";
import { reply } from "./reply.ts";
import { actionRoutes } from "./routes/actions.ts";
import { activationRoutes } from "./routes/activations.ts";
import { docsRoutes } from "./routes/docs.ts";
import { figuresRoutes } from "./routes/figures.ts";
import { fireRoutes } from "./routes/fire.ts";
import { hostRoutes } from "./routes/hosts.ts";
import { infoRoutes } from "./routes/info.ts";
import { invokeRoutes } from "./routes/invoke.ts";
import { invokerRoutes } from "./routes/invokers.ts";
import { logForwardingRoutes } from "./routes/log-forwarding.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { namespaceRoutes } from "./routes/namespaces.ts";
import { ownKeyRoutes } from "./routes/own-keys.ts";
import { ownNamespaceRoutes } from "./routes/own-namespace.ts";
import { packageRoutes } from "./routes/packages.ts";
import { recordRoutes } from "./routes/records.ts";
import { ruleRoutes } from "./routes/rules.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { triggerRoutes } from "./routes/triggers.ts";
import { webRoutes } from "./routes/web.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { transactionIdOf } from "./transaction.ts";
import { isWebPath } from "./web/path.ts";
import { Webhooks } from "./webhooks/find.ts";

const MAX_URL = 8_192;
/** What stands in the Host header becomes part of the address: nothing in it may look like a path,
 * a query or a user. */
const HOST = /^([^\s/?#@\\:[\]]*|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;
const NO_HOST = "The request names no host that could be one.";
/** Of an unexpected error, this much is logged. */
const MAX_ERROR_TEXT = 500;
const MAX_FRAMES = 12;

export function makeApp(open: (env: Env) => Result<Services>): App {
  const app: App = new Hono<AppEnv>();
  app.onError(failed);
  app.notFound((c) => respond(c, fail("no-such-route")));
  app.use(edge(open));
  // Open to everybody, so that they stand before the key is asked for.
  infoRoutes(app);
  docsRoutes(app);
  invokerRoutes(app);
  metricsRoutes(app);
  const identities = new Identities();
  const actions = new ActionResolver();
  const firing = { triggers: new Triggers(), fanOut: new FanOut(actions) };
  hostRoutes(app, { ...firing, identities });
  refusalAudit(app);
  adminRoutes(app);
  webRoutes(app, { actions, identities });
  webhookRoutes(app, { ...firing, webhooks: new Webhooks(identities) });
  const keyed = authenticate(identities);
  app.use("/api/v1/*", keyed, acceptsJson);
  app.use("/runtime/namespaces/*", keyed);
  app.use("/api/v1/namespaces/:ns/records", outsideAudit);
  invokeRoutes(app, actions);
  fireRoutes(app, firing);
  actionRoutes(app);
  packageRoutes(app);
  triggerRoutes(app);
  scheduleRoutes(app);
  ruleRoutes(app);
  activationRoutes(app);
  figuresRoutes(app);
  recordRoutes(app);
  namespaceRoutes(app);
  ownKeyRoutes(app);
  ownNamespaceRoutes(app);
  logForwardingRoutes(app);
  return app;
}

function edge(open: (env: Env) => Result<Services>): MiddlewareHandler<AppEnv> {
  const unfinished = unfinishedBodies();
  const queue = queueOfIsolate();
  const served: MiddlewareHandler<AppEnv> = async (c, next) => {
    c.set("unfinished", unfinished);
    c.set("queue", queue);
    const began = Date.now();
    const opened = open(c.env);
    const asked = opened.ok ? opened.value.refusal() : fail("not-configured", opened.text);
    const refusal = asked === null ? null : await asked;
    // Whoever watches the process alone is told that it lives; while it starts it is not there yet.
    const stops = refusal !== null && (refusal.code === "not-migrated" || !isPing(c));
    const answer = stops ? respond(c, refusal) : shortcut(c);
    if (opened.ok) {
      c.set("services", opened.value);
      c.set("settings", opened.value.settings);
    }
    if (answer === null) await next();
    if (!c.req.raw.bodyUsed) await discardRest(c.req.raw, patienceWith(c, "refused"));
    if (opened.ok) countAnswer(c, { status: (answer ?? c.res).status, ms: Date.now() - began });
    return answer ?? undefined;
  };
  return (c, next) => {
    const transactionId = transactionIdOf(c.req.raw.headers.get("X-Request-ID"));
    c.set("transactionId", transactionId);
    return inTransaction(transactionId, () => served(c, next));
  };
}

/** Whether we are there is answered whatever we were given: it needs nothing of it. */
function isPing(c: AppContext): boolean {
  return c.req.path === "/ping";
}

/** The answer to what goes no further. */
function shortcut(c: AppContext): Response | null {
  const { headers, method, url } = c.req.raw;
  if (url.length > MAX_URL) return respond(c, fail("uri-too-long"));
  if (BROKEN_ESCAPE.test(url)) return respond(c, fail("bad-request", "The address holds a '%' that begins no escape."));
  if (!URL.canParse(url) || !HOST.test(headers.get("Host") ?? "")) return respond(c, fail("bad-request", NO_HOST));
  const fault = pathFault(url);
  if (fault !== null) return respond(c, fail("bad-request", fault));
  if (!isWebPath(c.req.path) && !c.req.path.startsWith(WEBHOOK_PREFIX)) {
    if (method === "OPTIONS") return reply(c, null);
    if (method === "HEAD") return respond(c, fail("method-not-allowed", "GET"));
  }
  const length = Number(headers.get("Content-Length"));
  return length > MAX_BODY ? respond(c, tooLarge(length, MAX_BODY)) : null;
}

const acceptsJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (accepts(c, "application/json")) return next();
  if (c.req.path.endsWith("/logs") && accepts(c, EVENT_STREAM)) return next();
  return respond(c, fail("not-acceptable", "application/json"));
};

/** A bug or a lost object: the log gets the story, the caller its transaction id. A failed query names its values,
 * which may be secrets: of an error with a cause only the cause's words are logged. */
async function failed(thrown: unknown, c: AppContext): Promise<Response> {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const at = (error.stack ?? "")
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, MAX_FRAMES);
  const entry = { error: faultText(error).slice(0, MAX_ERROR_TEXT), at: at.map((line) => line.trim()) };
  log.error("request-failed", { transactionId: c.get("transactionId"), path: redacted(c.req.path), ...entry });
  const overloaded = "overloaded" in error && error.overloaded === true;
  if (overloaded) return respond(c, fail("overloaded"));
  // Errors of the storage do not say what is wrong with it.
  const services = c.get("services") as Services | undefined;
  const reason = (await services?.stores.machine.fault()) ?? null;
  if (reason !== null) return respond(c, fail("storage-ailing", reason));
  return respond(c, error instanceof NoAnswer ? fail("no-answer", "A part of the platform") : fail("internal"));
}
