// GET /namespaces/{ns}/stats: how many activations ended how, how long they ran and waited, by action and by time.

import { figuresOfNamespace } from "../../invocation/activation-figures.ts";
import { figuresQueryOf } from "../activations/figures-query.ts";
import { described } from "../api/operations.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";

const PATH = "/api/v1/namespaces/:ns/stats";

export function figuresRoutes(app: App): void {
  const stats = described("getStats", show);
  for (const path of [PATH, `${PATH}/`]) {
    app.get(path, stats);
    app.all(path, methodNotAllowed("GET"));
  }
}

async function show(c: AppContext): Promise<Response> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const query = figuresQueryOf(c, Date.now());
  if (!query.ok) return respond(c, query);
  const { name } = c.get("identity").namespace;
  const stores = c.get("services").shards(c.get("identity").namespace);
  return answer(c, await figuresOfNamespace(stores, query.value), (figures) =>
    JSON.stringify({ namespace: name, ...figures }),
  );
}
