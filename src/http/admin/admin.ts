// The admin API: Bearer ADMIN_TOKEN opens it; without that secret it is closed to everybody.

import type { MiddlewareHandler } from "hono";
import { sameSecret } from "../../entities/sealing.ts";
import { type Failure, fail } from "../../errors.ts";
import { outsideAudit } from "../audit/audited.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { respond } from "../errors.ts";
import { auditRoutes } from "./audit.ts";
import { configRoutes } from "./config.ts";
import { adminForwardingRoutes } from "./forwarding.ts";
import { adminHostRoutes } from "./hosts.ts";
import { identityRoutes } from "./identities.ts";
import { keyRoutes } from "./keys.ts";
import { adminNamespaceRoutes } from "./namespaces.ts";
import { recordMoveRoutes } from "./record-moves.ts";
import { adminRecordRoutes } from "./records.ts";
import { resealRoutes } from "./reseal.ts";
import { adminRetentionRoutes } from "./retention.ts";
import { statusRoutes } from "./status.ts";

const ROOT = "/admin/v1";

export function adminRoutes(app: App): void {
  app.use("/admin/*", guard, outsideAudit);
  identityRoutes(app, ROOT);
  keyRoutes(app, ROOT);
  adminNamespaceRoutes(app, ROOT);
  resealRoutes(app, ROOT);
  // Before the hosts' own routes, which end with the verbs they do not know.
  statusRoutes(app, ROOT);
  configRoutes(app, ROOT);
  adminHostRoutes(app, ROOT);
  adminRecordRoutes(app, ROOT);
  recordMoveRoutes(app, ROOT);
  auditRoutes(app, ROOT);
  adminRetentionRoutes(app, ROOT);
  adminForwardingRoutes(app, ROOT);
}

const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const wanted = c.env.ADMIN_TOKEN ?? "";
  if (wanted === "") return respond(c, fail("admin-closed"));
  const given = c.req.raw.headers.get("Authorization");
  if (given === null) return refuse(c, fail("not-authenticated"));
  const token = /^bearer\s+(\S+)\s*$/i.exec(given)?.[1] ?? "";
  if (!(await sameSecret(token, wanted))) return refuse(c, fail("bad-credentials"));
  c.set("administrator", { name: null });
  return next();
};

function refuse(c: AppContext, failure: Failure): Response {
  const response = respond(c, failure);
  response.headers.set("WWW-Authenticate", 'Bearer realm="edgewhisk administration"');
  return response;
}
