// The API's description, and the page that shows it. Open to everybody.

import { fail } from "../../errors.ts";
import { apiDocument } from "../api-document.ts";
import { API_PAGE } from "../api-page.ts";
import type { App } from "../context.ts";
import { respond } from "../errors.ts";
import { json, reply } from "../reply.ts";

const ROOT = "/api/v1";
const DOCUMENT = `${ROOT}/api-docs`;
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=UTF-8",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'",
};

export function docsRoutes(app: App): void {
  // Made once: everybody may ask for it, as often as he likes.
  let made: { build: string; text: string } | null = null;
  app.get(DOCUMENT, (c) => {
    const { build = "dev" } = c.get("settings");
    if (made?.build !== build) made = { build, text: JSON.stringify(apiDocument(build)) };
    return json(c, made.text);
  });
  app.get(`${ROOT}/docs`, (c) => {
    return reply(c, null, { status: 308, headers: { Location: `${ROOT}/docs/index.html?url=${DOCUMENT}` } });
  });
  app.get(`${ROOT}/docs/index.html`, (c) => reply(c, API_PAGE, { headers: PAGE_HEADERS }));
  app.get(`${ROOT}/docs/*`, (c) => respond(c, fail("not-found")));
}
