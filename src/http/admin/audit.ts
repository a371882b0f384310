// GET /admin/v1/audit: who changed what, when and from where, newest first; a page each.

import { AuditFilter } from "../../entities/audit.ts";
import { ok, type Result } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { pageWishOf } from "../paging.ts";
import { malformed } from "../query.ts";
import { json } from "../reply.ts";

export function auditRoutes(app: App, root: string): void {
  app.get(`${root}/audit`, list);
  app.all(`${root}/audit`, methodNotAllowed("GET"));
}

async function list(c: AppContext): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const filter = filterOf(c);
  if (!filter.ok) return respond(c, filter);
  return json(c, JSON.stringify(await c.get("services").audit().page(filter.value, wish.value)));
}

/** What is not known is refused: a filter that is misspelled would show everything. */
function filterOf(c: AppContext): Result<AuditFilter> {
  const { limit: _, after: __, ...query } = c.req.query();
  const times = ["since", "until"].flatMap((name) =>
    /^\d+$/.test(query[name] ?? "") ? [[name, Number(query[name])]] : [],
  );
  const parsed = AuditFilter.safeParse({ ...query, ...Object.fromEntries(times) });
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const name = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path[0];
  return malformed(String(name), issue?.message ?? "");
}
