// /web/{ns}/{package|default}/{action}[.ext][/rest]: actions as web pages. Anybody may call.

import { described } from "../api/operations.ts";
import type { App } from "../context.ts";
import type { WebParts } from "../web/action.ts";
import { WEB_PREFIX } from "../web/path.ts";
import { serveWeb } from "../web/serve.ts";

export function webRoutes(app: App, parts: WebParts): void {
  app.all(
    `${WEB_PREFIX}*`,
    described("callWebAction", (c) => serveWeb(c, parts)),
  );
}
