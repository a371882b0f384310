// /namespaces/{ns}/actions/[{package}/]{name}: create, update, read, delete, list. Calls are in invoke.ts.

import type { Action } from "../../entities/action.ts";
import { readAction } from "../../entities/action-document.ts";
import { nameFault, namespaceFault } from "../../entities/names.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { EntityKey, StoredEntity } from "../../storage/entity-store.ts";
import { actionText } from "../code/action-text.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { namespaceOf, ownNamespace } from "../namespace.ts";
import { bodyOf, type Piece } from "../pieces.ts";
import { flag, paging } from "../query.ts";
import { json } from "../reply.ts";
import { putAction } from "./action-put.ts";

const COLLECTION = "/api/v1/namespaces/:ns/actions";

export function actionRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`]) {
    app.get(path, list);
    app.all(path, methodNotAllowed("GET"));
  }
  app.get(`${COLLECTION}/:package/`, list);
  app.all(`${COLLECTION}/:package/`, methodNotAllowed("GET"));
  for (const path of [`${COLLECTION}/:name`, `${COLLECTION}/:package/:name`]) {
    app.get(path, read);
    app.put(path, write);
    app.delete(path, remove);
    app.all(path, methodNotAllowed("GET, PUT, POST, DELETE"));
  }
}

async function list(c: AppContext): Promise<Response> {
  const place = await placeOf(c, []);
  if (!place.ok) return respond(c, place);
  const page = paging(c, "actions");
  if (!page.ok) return respond(c, page);
  const { entities, blobs } = c.get("services").stores;
  const { path } = place.value;
  const query = { path, type: "action" as const, deep: c.req.param("package") === undefined };
  if (page.value.count) {
    const total = await entities.count(query);
    return json(c, JSON.stringify({ actions: Math.max(0, total - page.value.skip) }));
  }
  const { limit, skip } = page.value;
  const listed = await entities.list({ ...query, limit, skip });
  const pieces = listed.flatMap(({ summary }, at): Piece[] => [
    at === 0 ? "" : ",",
    "inline" in summary ? summary.inline : { blob: summary.blob, size: 0 },
  ]);
  return json(c, bodyOf(["[", ...pieces, "]"], blobs));
}

async function read(c: AppContext): Promise<Response> {
  const code = c.req.query("code") === undefined ? ok(true) : flag(c, "code");
  if (!code.ok) return respond(c, code);
  const found = await find(c);
  if (!found.ok) return respond(c, found);
  return show(c, found.value.action, { code: code.value });
}

async function write(c: AppContext): Promise<Response> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return respond(c, overwrite);
  const place = await placeOf(c, [c.req.param("name") ?? ""]);
  if (!place.ok) return respond(c, place);
  const written = await putAction(c, { key: place.value, overwrite: overwrite.value });
  if (!written.ok) return respond(c, written);
  return show(c, written.value.action, { code: true, held: written.value.held });
}

async function remove(c: AppContext): Promise<Response> {
  const found = await find(c);
  if (!found.ok) return respond(c, found);
  const { stored, action } = found.value;
  const services = c.get("services");
  const { entities } = services.stores;
  const gone = await services.withWrite(namespaceOf(c), () => entities.delete(stored, { expected: stored.revision }));
  if (gone.kind === "conflict") return respond(c, fail("concurrent-modification"));
  return show(c, action, { code: true });
}

async function show(
  c: AppContext,
  action: Action,
  options: { code: boolean; held?: readonly Uint8Array[] | null },
): Promise<Response> {
  const text = await actionText(action, { ...options, blobs: c.get("services").stores.blobs });
  return text === null ? respond(c, fail("corrupted")) : json(c, text);
}

async function find(c: AppContext): Promise<Result<{ stored: StoredEntity; action: Action }>> {
  const place = await placeOf(c, [c.req.param("name") ?? ""]);
  if (!place.ok) return place;
  const stored = await c.get("services").stores.entities.get(place.value);
  if (stored === null) return fail("not-found");
  if (stored.type !== "action") return fail("wrong-collection");
  const action = readAction(stored.document);
  return action === null ? fail("corrupted") : ok({ stored, action });
}

/** Where the addressed action lies, if the caller may go there. `names`: none for a list, else the action's. */
async function placeOf(c: AppContext, names: [] | [string]): Promise<Result<EntityKey>> {
  const namespace = namespaceOf(c);
  const bundle = c.req.param("package");
  const segments = bundle === undefined ? names : [bundle, ...names];
  const fault = namespaceFault(namespace) ?? segments.map(nameFault).find((each) => each !== null) ?? null;
  if (fault !== null) return fault;
  const own = ownNamespace(c);
  if (!own.ok) return fail("not-authorized", [namespace, ...segments].join("/"));
  const name = names[0] ?? "";
  if (bundle === undefined) return ok({ path: namespace, name });
  const container = await c.get("services").stores.entities.get({ path: namespace, name: bundle });
  if (container === null) return fail("not-found");
  if (container.type !== "package") return fail("wrong-collection");
  return ok({ path: `${namespace}/${bundle}`, name });
}
