// The admin API: Bearer ADMIN_TOKEN opens it, and so do the tokens of named administrators, as far as their roles go.

import { outsideAudit } from "../audit/audited.ts";
import type { App } from "../context.ts";
import { administratorRoutes } from "./administrators.ts";
import { auditRoutes } from "./audit.ts";
import { configRoutes } from "./config.ts";
import { guard } from "./guard.ts";
import { adminHostRoutes } from "./hosts.ts";
import { identityRoutes } from "./identities.ts";
import { keyRoutes } from "./keys.ts";
import { adminNamespaceRoutes } from "./namespaces.ts";
import { adminForwardingRoutes, adminRetentionRoutes } from "./of-namespace.ts";
import { recordMoveRoutes } from "./record-moves.ts";
import { adminRecordRoutes } from "./records.ts";
import { resealRoutes } from "./reseal.ts";
import { adminSourceRoutes } from "./sources.ts";
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
  adminSourceRoutes(app, ROOT);
  administratorRoutes(app, ROOT);
}
