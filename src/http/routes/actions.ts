// /namespaces/{ns}/actions/[{package}/]{name}: create, update, read, delete, list. Calls are in invoke.ts.

import type { Action } from "../../entities/action.ts";
import { readAction } from "../../entities/action-document.ts";
import { mergeParameters } from "../../entities/parameters.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { EntityKey, StoredEntity } from "../../storage/entity-store.ts";
import { actionText } from "../code/action-text.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { namespaceOf } from "../namespace.ts";
import { bodyOf, type Piece } from "../pieces.ts";
import { flag, paging } from "../query.ts";
import { json } from "../reply.ts";
import { readPlace, writePlace } from "./action-place.ts";
import { putAction } from "./action-put.ts";

const COLLECTION = "/api/v1/namespaces/:ns/actions";

export function actionRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`, `${COLLECTION}/:package/`]) app.get(path, list);
  app.all(COLLECTION, methodNotAllowed("GET"));
  for (const path of [`${COLLECTION}/:name`, `${COLLECTION}/:package/:name`]) {
    app.get(path, read);
    app.put(path, write);
    app.delete(path, remove);
    app.all(path, methodNotAllowed("GET, PUT, POST, DELETE"));
  }
}

async function list(c: AppContext): Promise<Response> {
  const place = await readPlace(c, []);
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
  const name = c.req.param("name") ?? "";
  const place = await readPlace(c, [name]);
  if (!place.ok) return respond(c, place);
  const { path, parameters } = place.value;
  const found = await find(c, { path, name });
  if (!found.ok) return respond(c, found);
  const { action } = found.value;
  const merged = { ...action, parameters: mergeParameters(parameters, action.parameters) };
  return show(c, merged, { code: code.value });
}

async function write(c: AppContext): Promise<Response> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return respond(c, overwrite);
  const place = await writePlace(c, c.req.param("name") ?? "");
  if (!place.ok) return respond(c, place);
  const written = await putAction(c, { ...place.value, overwrite: overwrite.value });
  if (!written.ok) return respond(c, written);
  return show(c, written.value.action, { code: true, held: written.value.held, done: true });
}

async function remove(c: AppContext): Promise<Response> {
  const place = await writePlace(c, c.req.param("name") ?? "");
  if (!place.ok) return respond(c, place);
  const stored = await storedAction(c, place.value.key);
  if (!stored.ok) return respond(c, stored);
  const services = c.get("services");
  const { entities } = services.stores;
  const gone = await services.withWrite(namespaceOf(c), () =>
    entities.delete(stored.value, { expected: stored.value.revision }),
  );
  const { path, name, document } = stored.value;
  if (gone.kind === "fixed") return respond(c, fail("built-in", `${path}/${name}`));
  if (gone.kind === "conflict") return respond(c, fail("concurrent-modification"));
  const action = readAction(document);
  // It was damaged: the answer is all that is known of it.
  if (action === null) return json(c, JSON.stringify({ namespace: path, name }));
  return show(c, action, { code: true, done: true });
}

/** `done`: the answer is to a write that has been made; it does without code that cannot be read. */
async function show(
  c: AppContext,
  action: Action,
  options: { code: boolean; held?: readonly Uint8Array[] | null; done?: boolean },
): Promise<Response> {
  const { blobs } = c.get("services").stores;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const text =
    (await actionText(action, { ...options, blobs, later })) ??
    (options.done === true ? await actionText(action, { code: false, blobs, later }) : null);
  return text === null ? respond(c, fail("code-damaged", `/${action.namespace}/${action.name}`)) : json(c, text);
}

async function find(c: AppContext, key: EntityKey): Promise<Result<{ stored: StoredEntity; action: Action }>> {
  const stored = await storedAction(c, key);
  if (!stored.ok) return stored;
  const action = readAction(stored.value.document);
  return action === null ? fail("corrupted") : ok({ stored: stored.value, action });
}

async function storedAction(c: AppContext, key: EntityKey): Promise<Result<StoredEntity>> {
  const stored = await c.get("services").stores.entities.get(key);
  if (stored === null) return fail("not-found");
  return stored.type === "action" ? ok(stored) : fail("wrong-collection");
}
