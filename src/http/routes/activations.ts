// GET /namespaces/{ns}/activations: list, one, its result, its logs. Read only.

import type { ActivationRecord } from "../../entities/activation.ts";
import { mayRead, readerOf } from "../../entities/record-reader.ts";
import { fail } from "../../errors.ts";
import { explainable, NOT_YOURS } from "../activations/explain.ts";
import { activationOf } from "../activations/find.ts";
import { list } from "../activations/list.ts";
import { extended, logs, result } from "../activations/pieces.ts";
import { activationIdOf } from "../activations/query.ts";
import { described } from "../api/operations.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { followers, followLogs } from "../live/follow.ts";
import { methodNotAllowed } from "../method.ts";
import { bodyOf, type Piece } from "../pieces.ts";
import type { Places } from "../places.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";

const COLLECTION = "/api/v1/namespaces/:ns/activations";
const ONE = `${COLLECTION}/:id`;

export function activationRoutes(app: App): void {
  const places = followers();
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, described("listActivations", list));
  const whole = described(
    "getActivation",
    explainable((c) => one(c, extended)),
  );
  for (const path of [ONE, `${ONE}/`]) app.get(path, whole);
  const resultOnly = described("getResult", (c) => one(c, result));
  app.get(`${ONE}/result`, resultOnly);
  const text = described("getLogs", (c) => logsOrStream(c, places));
  app.get(`${ONE}/logs`, text);
  for (const path of [COLLECTION, `${COLLECTION}/`, ONE, `${ONE}/`]) app.all(path, methodNotAllowed("GET"));
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
  const reader = readerOf(c.get("identity"));
  // What waits does not say whose it is.
  if (record === null)
    return respond(c, fail("not-found"), waiting === undefined || reader !== null ? {} : { waiting });
  if (reader !== null && !mayRead(reader, record)) return respond(c, fail("lacks-right", NOT_YOURS));
  return json(c, bodyOf(view(record), c.get("services").stores.blobs));
}
