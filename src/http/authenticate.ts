// HTTP Basic, once per request below /api/v1: 401 comes before 404.

import type { MiddlewareHandler } from "hono";
import { fail } from "../errors.ts";
import type { AppEnv } from "./context.ts";
import { respond } from "./errors.ts";
import { Identities } from "./identities.ts";
import { fitsDevelopment } from "./origin.ts";

/** Longest Authorization header worth decoding. */
const MAX_HEADER = 1_024;

export function authenticate(): MiddlewareHandler<AppEnv> {
  const identities = new Identities();
  return async (c, next) => {
    const header = c.req.raw.headers.get("Authorization");
    if (header === null) return respond(c, fail("not-authenticated"));
    const credentials = basic(header);
    if (credentials === null) return respond(c, fail("bad-credentials"));
    const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
    const masterSecret = c.env.MASTER_SECRET;
    const caller = await identities.find(c.get("services"), credentials, { masterSecret, later });
    if (caller === null) return respond(c, fail("bad-credentials"));
    if (caller.development && !fitsDevelopment(c.req.raw)) return respond(c, fail("foreign-origin"));
    c.set("identity", caller.identity);
    c.set("epoch", caller.epoch);
    return next();
  };
}

function basic(header: string): { uuid: string; secret: string } | null {
  if (header.length > MAX_HEADER || header.slice(0, 6).toLowerCase() !== "basic ") return null;
  let text: string;
  try {
    text = atob(header.slice(6).trim());
  } catch {
    return null;
  }
  const colon = text.indexOf(":");
  return colon < 1 ? null : { uuid: text.slice(0, colon), secret: text.slice(colon + 1) };
}
