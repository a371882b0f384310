// What triggers and rules have in common at the door: they lie in the caller's own namespace, never in a package, and their
// lists are for their owner.

import { nameFault, namespaceFault } from "../../entities/names.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { EntityKey, EntityType } from "../../storage/entity-store.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { namespaceOf, ownNamespace } from "../namespace.ts";
import { bodyOf, type Piece } from "../pieces.ts";
import { paging } from "../query.ts";
import { json } from "../reply.ts";

interface Collection {
  /** Plural, as it stands in paths. */
  name: "triggers" | "rules";
  type: EntityType;
}

/** The path of one of them; its verbs are to be registered after this. */
export function collectionRoutes(app: App, collection: Collection): string {
  const root = `/api/v1/namespaces/:ns/${collection.name}`;
  for (const path of [root, `${root}/`]) app.get(path, (c) => list(c, collection));
  app.all(root, methodNotAllowed("GET"));
  return `${root}/:name`;
}

export function ownKey(c: AppContext): Result<EntityKey> {
  const path = namespaceOf(c);
  const name = c.req.param("name") ?? "";
  const fault = namespaceFault(path) ?? nameFault(name);
  if (fault !== null) return fault;
  return path === c.get("identity").namespace.name ? ok({ path, name }) : fail("not-authorized", `${path}/${name}`);
}

async function list(c: AppContext, { name, type }: Collection): Promise<Response> {
  const path = namespaceFault(namespaceOf(c)) ?? ownNamespace(c);
  if (!path.ok) return respond(c, path);
  const page = paging(c, name);
  if (!page.ok) return respond(c, page);
  const { limit, skip, count } = page.value;
  const { entities, blobs } = c.get("services").stores;
  const query = { path: path.value, type, deep: false };
  if (count) return json(c, JSON.stringify({ [name]: Math.max(0, (await entities.count(query)) - skip) }));
  const listed = await entities.list({ ...query, limit, skip });
  const pieces = listed.flatMap(({ summary }, at): Piece[] => [
    at === 0 ? "" : ",",
    "inline" in summary ? summary.inline : { blob: summary.blob, size: 0 },
  ]);
  return json(c, bodyOf(["[", ...pieces, "]"], blobs));
}
