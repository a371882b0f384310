// HTTP Basic, once per request below /api/v1: 401 comes before 404.

import type { MiddlewareHandler } from "hono";
import { OWN_NAMESPACES } from "../entities/development.ts";
import { type Identity, rightsOf } from "../entities/identity.ts";
import { isAbove } from "../entities/rights.ts";
import { isNarrower } from "../entities/scope.ts";
import { type Failure, fail } from "../errors.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { respond } from "./errors.ts";
import type { Caller, Identities } from "./identities.ts";
import { fitsDevelopment, isFromContainer } from "./origin.ts";
import { refusalFor } from "./permission.ts";

/** Longest Authorization header worth decoding. */
const MAX_HEADER = 6_144;

export function authenticate(identities: Identities): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.req.raw.headers.get("Authorization") === null) return respond(c, fail("not-authenticated"));
    const caller = await callerOf(c, identities);
    if (caller === null) return respond(c, fail("bad-credentials"));
    const fault = caller.development ? await developmentFault(c) : null;
    if (fault !== null) return respond(c, fault);
    c.set("identity", caller.identity);
    c.get("queue").seen(caller.identity.namespace.uuid, Date.now());
    c.set("epoch", caller.epoch);
    c.set("refusedNow", async () => {
      const again = await callerOf(c, identities);
      if (again?.identity.namespace.uuid !== caller.identity.namespace.uuid) return fail("bad-credentials");
      return lossOf(c, { before: caller.identity, now: again.identity });
    });
    return next();
  };
}

/** Why what has begun may not go on, since the key's role or scope has changed; null where it may. */
function lossOf(c: AppContext, { before, now }: { before: Identity; now: Identity }): Failure | null {
  const needs = c.get("needs");
  if (needs === undefined) return null;
  // What is shown was chosen by what the caller could read then.
  const lost = isAbove(rightsOf(before), rightsOf(now)) || isNarrower(now.scope, before.scope);
  return refusalFor(c, needs, now) ?? (needs.of === "record" && lost ? fail("bad-credentials") : null);
}

/** Where nobody has to say who he is: what is no good counts as nothing said. */
export async function knownCaller(c: AppContext, identities: Identities): Promise<Identity | null> {
  const caller = await callerOf(c, identities);
  if (caller === null) return null;
  return caller.development && (await developmentFault(c)) !== null ? null : caller.identity;
}

/** Who may come in with a key that came as an argument, by the same rules. */
export async function callerWith(c: AppContext, identities: Identities, key: string): Promise<Identity | null> {
  const colon = key.indexOf(":");
  if (colon < 1 || key.length > MAX_HEADER) return null;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const credentials = { uuid: key.slice(0, colon), secret: key.slice(colon + 1) };
  const caller = await identities.find(c.get("services"), credentials, later);
  if (caller === null) return null;
  return caller.development && (await developmentFault(c)) !== null ? null : caller.identity;
}

/** Why a well-known key is not taken. Not for web pages; and once others have namespaces here,
 * only from our own machine. */
async function developmentFault(c: AppContext): Promise<Failure | null> {
  const { raw: request } = c.req;
  if (!fitsDevelopment(request)) return fail("foreign-origin");
  if (c.get("settings").onLoopback && !isFromContainer(request)) return null;
  const others = await c.get("services").stores.identities.anyBeside(OWN_NAMESPACES);
  return others ? fail("development-ended") : null;
}

async function callerOf(c: AppContext, identities: Identities): Promise<Caller | null> {
  const header = c.req.raw.headers.get("Authorization");
  const credentials = header === null ? null : basic(header);
  if (credentials === null) return null;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  return identities.find(c.get("services"), credentials, later);
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
