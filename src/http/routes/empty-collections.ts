// Triggers and rules: nobody can make any yet, so that their lists, which clients ask for beside others, are empty.

import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { ownNamespace } from "../namespace.ts";
import { paging } from "../query.ts";
import { json } from "../reply.ts";

export function emptyCollectionRoutes(app: App): void {
  for (const name of ["triggers", "rules"])
    for (const path of [`/api/v1/namespaces/:ns/${name}`, `/api/v1/namespaces/:ns/${name}/`])
      app.get(path, (c) => list(c, name));
}

function list(c: AppContext, name: string): Response {
  const namespace = ownNamespace(c);
  if (!namespace.ok) return respond(c, namespace);
  const page = paging(c, name);
  if (!page.ok) return respond(c, page);
  return json(c, page.value.count ? JSON.stringify({ [name]: 0 }) : "[]");
}
