// GET /admin/v1/config: what the Worker goes by, secrets hidden.

import type { App } from "../context.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";

export function configRoutes(app: App, root: string): void {
  app.get(`${root}/config`, (c) => json(c, JSON.stringify({ items: c.get("services").configuration() })));
  app.all(`${root}/config`, methodNotAllowed("GET"));
}
