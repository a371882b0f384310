// The descriptions of the API and of the admin API, and the page that shows them. Open to everybody.

import { fail } from "../../errors.ts";
import { adminDocument } from "../admin/document.ts";
import { apiDocument, BASE_PATH } from "../api/document.ts";
import { API_PAGE } from "../api/page.ts";
import type { App } from "../context.ts";
import { respond } from "../errors.ts";
import { json, reply } from "../reply.ts";

const DOCUMENT = `${BASE_PATH}/api-docs`;
/** By path. */
const DOCUMENTS = { [DOCUMENT]: apiDocument, [`${DOCUMENT}/admin`]: adminDocument };
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=UTF-8",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'",
};

export function docsRoutes(app: App): void {
  for (const [path, describe] of Object.entries(DOCUMENTS)) {
    // Made once: everybody may ask for it, as often as he likes.
    let made: { build: string; text: string } | null = null;
    app.get(path, (c) => {
      const { build = "dev" } = c.get("settings");
      if (made?.build !== build) made = { build, text: JSON.stringify(describe(app.routes, build)) };
      return json(c, made.text);
    });
  }
  app.get(`${BASE_PATH}/docs`, (c) => {
    return reply(c, null, { status: 308, headers: { Location: `${BASE_PATH}/docs/index.html?url=${DOCUMENT}` } });
  });
  app.get(`${BASE_PATH}/docs/index.html`, (c) => reply(c, API_PAGE, { headers: PAGE_HEADERS }));
  app.get(`${BASE_PATH}/docs/*`, (c) => respond(c, fail("not-found")));
}
