// Adobe's command line asks where a namespace's logs go before it shows any: they stay here.

import { ok } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { guarded } from "../permission.ts";
import { json } from "../reply.ts";

/** What it asks for where no namespace is configured. */
const UNNAMED = "undefined";
const PATH = "/runtime/namespaces/:ns/logForwarding";
const HERE = { adobe_io_runtime: {} };

export function logForwardingRoutes(app: App): void {
  const needs = { right: "records", of: "nothing" } as const;
  app.get(
    PATH,
    guarded(needs, (c) => answer(c, HERE)),
  );
  app.all(PATH, methodNotAllowed("GET"));
  const none = { destination: "adobe_io_runtime", errors: [] };
  app.get(
    `${PATH}/errors`,
    guarded(needs, (c) => answer(c, none)),
  );
}

function answer(c: AppContext, value: object): Response {
  const namespace = c.req.param("ns") === UNNAMED ? ok(UNNAMED) : ownNamespaceOf(c);
  return namespace.ok ? json(c, JSON.stringify(value)) : respond(c, namespace);
}
