// /admin/v1/namespaces/<name>/…: what an owner has for his own namespace too (`../owner`). Retention and usage: how
// long its records are kept, and how much they are. Forwarding, and
// events: to where they are sent as they are made, and user events.

import type { Namespace } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { fail } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { EVENT_FORWARDING, RECORD_FORWARDING } from "../owner/forwarding.ts";
import { clearRetention, setRetention, showRetention, showUsage } from "../owner/retention.ts";
import { printable } from "../query.ts";

type Answer = (c: AppContext, namespace: Namespace) => Promise<Response>;

export function adminRetentionRoutes(app: App, root: string): void {
  const retention = `${root}/namespaces/:namespace/retention`;
  app.get(retention, of(showRetention));
  app.put(retention, of(setRetention));
  app.delete(retention, of(clearRetention));
  app.all(retention, methodNotAllowed("GET, PUT, DELETE"));
  const usage = `${root}/namespaces/:namespace/usage`;
  app.get(usage, of(showUsage));
  app.all(usage, methodNotAllowed("GET"));
}

export function adminForwardingRoutes(app: App, root: string): void {
  for (const [name, { show, set, remove }] of Object.entries({
    forwarding: RECORD_FORWARDING,
    events: EVENT_FORWARDING,
  })) {
    const path = `${root}/namespaces/:namespace/${name}`;
    app.get(path, of(show));
    app.put(path, of(set));
    app.delete(path, of(remove));
    app.all(path, methodNotAllowed("GET, PUT, DELETE"));
  }
}

/** The namespace that the path names, if it is there. */
function of(answer: Answer): (c: AppContext) => Promise<Response> {
  return async (c) => {
    const name = c.req.param("namespace") ?? "";
    if (!isName(name)) {
      return respond(c, fail("bad-request", `'${printable(name)}' is not the name of a namespace.`));
    }
    const known = await c.get("services").namespaceNamed(name);
    return known === null ? respond(c, fail("not-found", name)) : answer(c, known);
  };
}
