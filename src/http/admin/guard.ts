// Who may come in to the admin API, and for what: whoever holds ADMIN_TOKEN for everything, named administrators for
// what their role is. A token is looked up for each request,
// so that one that was taken away is refused from that answer on.

import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import {
  ADMIN_RIGHT_TEXTS,
  type AdminRight,
  adminRolesWith,
  holdsAdminRight,
  isAdministratorToken,
} from "../../entities/administrator.ts";
import { sameSecret } from "../../entities/sealing.ts";
import { hexOf, sha256 } from "../../entities/sha256.ts";
import { type Failure, fail, ok, type Result } from "../../errors.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { respond } from "../errors.ts";
import { ADMIN_OPERATIONS } from "./operations.ts";

const DIGEST_WORDS = 8;

export const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const known = await administratorOf(c);
  if (!known.ok) return known.code === "admin-closed" ? respond(c, known) : refuse(c, known);
  c.set("administrator", known.value);
  const refused = adminRefusal(c, rightFor(c));
  return refused === null ? next() : respond(c, refused);
};

/** Why the administrator may not, or null. */
export function adminRefusal(c: AppContext, right: AdminRight): Failure | null {
  const { name, role } = c.get("administrator");
  if (holdsAdminRight(role, right)) return null;
  const holders = adminRolesWith(right).map((each) => `'${each}'`);
  const what = `${ADMIN_RIGHT_TEXTS[right]}: that takes the role ${holders.join(" or ")}.`;
  return fail("lacks-right", `The administrator '${name}' has the role '${role}', and may not ${what}`);
}

/** SHA-256 in hex. */
export function digestOf(token: string): string {
  return hexOf(sha256(token), DIGEST_WORDS);
}

async function administratorOf(c: AppContext): Promise<Result<AppEnv["Variables"]["administrator"]>> {
  const wanted = c.env.ADMIN_TOKEN ?? "";
  const given = c.req.raw.headers.get("Authorization");
  const token = /^bearer\s+(\S+)\s*$/i.exec(given ?? "")?.[1] ?? "";
  const isNamed = isAdministratorToken(token);
  if (wanted === "" && !isNamed) return fail("admin-closed");
  if (given === null) return fail("not-authenticated");
  if (wanted !== "" && (await sameSecret(token, wanted))) return ok({ name: null, role: "admin" });
  const found = isNamed ? await c.get("services").stores.administrators.byDigest(digestOf(token)) : null;
  if (found === null || (found.ends !== null && found.ends <= Date.now())) return fail("bad-credentials");
  return ok({ name: found.name, role: found.role });
}

/** What the route needs that will serve this; of what is no route, to look. */
function rightFor(c: AppContext): AdminRight {
  const { method } = c.req;
  const routes = matchedRoutes(c).filter((each) => each.method === method);
  if (routes.length === 0) return "look";
  const known = routes
    .map((each) => ADMIN_OPERATIONS.get(`${method} ${each.path}`)?.right)
    .find((each) => each !== undefined);
  return known ?? "admit";
}

function refuse(c: AppContext, failure: Failure): Response {
  const response = respond(c, failure);
  response.headers.set("WWW-Authenticate", 'Bearer realm="edgewhisk administration"');
  return response;
}
