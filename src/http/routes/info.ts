// What a client may ask without a key.

import type { App, AppContext } from "../context.ts";
import { platformInfo, versionInfo } from "../info.ts";
import { json, plain } from "../reply.ts";

export function infoRoutes(app: App): void {
  app.get("/", root);
  app.get("/ping", (c) => plain(c, "pong"));
  for (const path of ["/api/v1", "/api/v1/"]) {
    app.get(path, (c) => json(c, JSON.stringify(versionInfo(c.get("settings")))));
  }
}

async function root(c: AppContext): Promise<Response> {
  const reported = await c.get("services").runnableKinds((work) => c.executionCtx.waitUntil(work));
  return json(c, JSON.stringify(platformInfo(c.get("settings"), reported)));
}
