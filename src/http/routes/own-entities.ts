// What triggers and rules have in common at the door: they lie in the caller's own namespace, never in a package, and
// their lists are for their owner.

import { listOwn } from "../../catalog/list.ts";
import type { EntityType } from "../../storage/entity-store.ts";
import { described, type OperationName } from "../api/operations.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { listing } from "../listing.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { paging } from "../query.ts";

interface Collection {
  /** Plural, as it stands in paths. */
  name: "triggers" | "rules";
  type: EntityType;
  operation: OperationName;
}

/** The path of one of them; its verbs are to be registered after this. */
export function collectionRoutes(app: App, collection: Collection): string {
  const root = `/api/v1/namespaces/:ns/${collection.name}`;
  for (const path of [root, `${root}/`])
    app.get(
      path,
      described(collection.operation, (c) => list(c, collection)),
    );
  app.all(root, methodNotAllowed("GET"));
  return `${root}/:name`;
}

async function list(c: AppContext, { name, type }: Collection): Promise<Response> {
  const path = ownNamespaceOf(c);
  if (!path.ok) return respond(c, path);
  const page = paging(c, name);
  if (!page.ok) return respond(c, page);
  return listing(c, name, await listOwn(catalogOf(c), { path: path.value, type, page: page.value }));
}
