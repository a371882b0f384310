// GET /namespaces/{ns}/activations: list, one, its result, its logs. Read only.

import type { ActivationRecord } from "../../entities/activation.ts";
import { summaryText } from "../../entities/activation-view.ts";
import { fail } from "../../errors.ts";
import { countActivations, listActivations } from "../../invocation/history.ts";
import { activationOf, storesOf } from "../activations/find.ts";
import { documents, extended, logs, result } from "../activations/pieces.ts";
import { activationIdOf, activationQueryOf } from "../activations/query.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { followers, followLogs } from "../live/follow.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { bodyOf, flowing, type Piece } from "../pieces.ts";
import type { Places } from "../places.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";

const COLLECTION = "/api/v1/namespaces/:ns/activations";

export function activationRoutes(app: App): void {
  const places = followers();
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, list);
  for (const path of [`${COLLECTION}/:id`, `${COLLECTION}/:id/`]) app.get(path, (c) => one(c, extended));
  app.get(`${COLLECTION}/:id/result`, (c) => one(c, result));
  app.get(`${COLLECTION}/:id/logs`, (c) => logsOrStream(c, places));
  for (const path of [COLLECTION, `${COLLECTION}/`, `${COLLECTION}/:id`, `${COLLECTION}/:id/`])
    app.all(path, methodNotAllowed("GET"));
}

async function list(c: AppContext): Promise<Response> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const wanted = activationQueryOf(c);
  if (!wanted.ok) return respond(c, wanted);
  const { count, ...query } = wanted.value;
  if (count) return json(c, JSON.stringify({ activations: await countActivations(storesOf(c), query) }));
  const records = listActivations(storesOf(c), query);
  if (query.docs) return json(c, await flowing(documents(records), c.get("services").stores.blobs));
  const items: string[] = [];
  for await (const record of records) items.push(summaryText(record));
  return json(c, `[${items.join()}]`);
}

async function logsOrStream(c: AppContext, places: Places): Promise<Response> {
  const follow = flag(c, "follow");
  if (!follow.ok) return respond(c, follow);
  if (!follow.value) return one(c, logs);
  const id = activationIdOf(c);
  return id.ok ? followLogs(c, id.value, places) : respond(c, id);
}

async function one(c: AppContext, view: (record: ActivationRecord) => Piece[]): Promise<Response> {
  const id = activationIdOf(c);
  if (!id.ok) return respond(c, id);
  const { record, waiting } = await activationOf(c, id.value);
  if (record === null) return respond(c, fail("not-found"), waiting === undefined ? {} : { waiting });
  return json(c, bodyOf(view(record), c.get("services").stores.blobs));
}
