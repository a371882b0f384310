// /namespaces/{ns}/actions/[{package}/]{name}: create, update, read, delete, list. Calls are in invoke.ts.

import { placeToRead, placeToWrite } from "../../catalog/action-place.ts";
import { putAction } from "../../catalog/action-put.ts";
import { deleteAction, getAction, listActions } from "../../catalog/actions.ts";
import { actionPutOf } from "../action-body.ts";
import { actionReply } from "../action-reply.ts";
import { described } from "../api/operations.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { countDeletion } from "../counted.ts";
import { respond } from "../errors.ts";
import { listing } from "../listing.ts";
import { methodNotAllowed } from "../method.ts";
import { actionAddressOf, namespaceOf } from "../namespace.ts";
import { flag, paging } from "../query.ts";

const COLLECTION = "/api/v1/namespaces/:ns/actions";

export function actionRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, described("listActions", list));
  const packaged = described("listPackagedActions", (c) => list(c));
  app.get(`${COLLECTION}/:package/`, packaged);
  app.all(COLLECTION, methodNotAllowed("GET"));
  for (const path of [`${COLLECTION}/:name`, `${COLLECTION}/:package/:name`]) {
    app.get(path, described("getAction", read));
    app.put(path, described("putAction", write));
    app.delete(path, described("deleteAction", remove));
    app.all(path, methodNotAllowed("GET, PUT, POST, DELETE"));
  }
}

async function list(c: AppContext): Promise<Response> {
  const place = await placeToRead(catalogOf(c), { namespace: namespaceOf(c), package: c.req.param("package") });
  if (!place.ok) return respond(c, place);
  const page = paging(c, "actions");
  if (!page.ok) return respond(c, page);
  return listing(c, "actions", await listActions(catalogOf(c), { place: place.value, page: page.value }));
}

async function read(c: AppContext): Promise<Response> {
  const code = flag(c, "code", true);
  if (!code.ok) return respond(c, code);
  const action = await getAction(catalogOf(c), actionAddressOf(c));
  return action.ok ? actionReply(c, action.value, { code: code.value }) : respond(c, action);
}

async function write(c: AppContext): Promise<Response> {
  const asked = await actionPutOf(c);
  const made = asked.ok ? await putAction(catalogOf(c), asked.value) : asked;
  return made.ok ? actionReply(c, made.value.action, { held: made.value.held, written: true }) : respond(c, made);
}

async function remove(c: AppContext): Promise<Response> {
  const place = await placeToWrite(catalogOf(c), actionAddressOf(c));
  const gone = place.ok ? await deleteAction(catalogOf(c), place.value) : place;
  if (!gone.ok) return respond(c, gone);
  return countDeletion(c, await actionReply(c, gone.value.action ?? gone.value.key, { written: true }));
}
