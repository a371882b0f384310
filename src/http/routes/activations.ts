// GET /namespaces/{ns}/activations: list, one, its result, its logs. Read only.

import type { ActivationRecord } from "../../entities/activation.ts";
import { type ActivationId, isActivationId, shardOf } from "../../entities/activation-id.ts";
import { extendedPieces, resultPieces, summaryText } from "../../entities/activation-view.ts";
import { idsOf } from "../../entities/identity.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { isOnItsWay } from "../../invocation/follow.ts";
import { findActivation, homeOf, listActivations } from "../../invocation/history.ts";
import type { ActivationQuery } from "../../protocol/rpc.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { bodyOf, flowing, type Piece } from "../pieces.ts";
import type { Places } from "../places.ts";
import { flag, INTEGER, malformed, paging, printable } from "../query.ts";
import { json } from "../reply.ts";
import { followers, followLogs } from "./follow.ts";

const COLLECTION = "/api/v1/namespaces/:ns/activations";
const ID_LENGTH = 32;
const ALL = 1_000_000_000;
const NAME = /^[\w][\w@ .-]{0,255}(\/[\w][\w@ .-]{0,255})?$/;

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
  const wanted = queryOf(c);
  if (!wanted.ok) return respond(c, wanted);
  const { count, ...query } = wanted.value;
  const services = c.get("services");
  const shelves = idsOf(c.get("identity").namespace).flatMap((namespaceId) =>
    Array.from({ length: services.settings.shards }, (_, shard) => services.shard(namespaceId, shard)),
  );
  if (count) {
    const totals = await Promise.all(shelves.map((shelf) => shelf.count({ ...query, limit: ALL, skip: 0 })));
    const total = totals.reduce((sum, each) => sum + each, 0);
    return json(c, JSON.stringify({ activations: Math.max(0, total - query.skip) }));
  }
  const records = listActivations(shelves, query);
  if (query.docs) return json(c, await flowing(piecesOf(records), services.stores.blobs));
  const items: string[] = [];
  for await (const record of records) items.push(summaryText(record));
  return json(c, `[${items.join()}]`);
}

async function* piecesOf(records: AsyncIterable<ActivationRecord>): AsyncGenerator<Piece> {
  let separator = "[";
  for await (const record of records) {
    yield separator;
    yield* extended(record);
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

async function logsOrStream(c: AppContext, places: Places): Promise<Response> {
  const follow = flag(c, "follow");
  if (!follow.ok) return respond(c, follow);
  if (!follow.value) return one(c, logs);
  const id = idOf(c);
  return id.ok ? followLogs(c, id.value, places) : respond(c, id);
}

/** The id in the path, if it is one that can be in this namespace. */
function idOf(c: AppContext): Result<ActivationId> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return namespace;
  const id = c.req.param("id") ?? "";
  if (id.length !== ID_LENGTH) {
    return fail("bad-request", `Activation id length is ${id.length} but must be ${ID_LENGTH}.`);
  }
  if (!isActivationId(id)) return fail("bad-request", "The activation id is not valid.");
  return shardOf(id) >= c.get("services").settings.shards ? fail("not-found") : ok(id);
}

async function one(c: AppContext, view: (record: ActivationRecord) => Piece[]): Promise<Response> {
  const id = idOf(c);
  if (!id.ok) return respond(c, id);
  const services = c.get("services");
  const storeOf = (namespaceId: string) => services.shard(namespaceId, shardOf(id.value));
  const namespaceId = await homeOf(storeOf, id.value, idsOf(c.get("identity").namespace));
  const store = storeOf(namespaceId);
  const activation = { id: id.value, namespaceId };
  const schedulers = {
    schedulers: () => services.schedulers((work) => c.executionCtx.waitUntil(work)),
    scheduler: (name: string) => services.scheduler(name),
  };
  const { record, waiting } = await findActivation(store, id.value, {
    now: Date.now(),
    isOnItsWay: () => isOnItsWay(schedulers, activation),
  });
  if (record === null) return respond(c, fail("not-found"), waiting === undefined ? {} : { waiting });
  return json(c, bodyOf(view(record), services.stores.blobs));
}

function extended(record: ActivationRecord): Piece[] {
  const [head, middle, tail] = extendedPieces(record);
  return [head, record.result, middle, record.logs, tail];
}

function result(record: ActivationRecord): Piece[] {
  const [head, tail] = resultPieces(record);
  return [head, record.result, tail];
}

function logs(record: ActivationRecord): Piece[] {
  return ['{"logs":', record.logs, "}"];
}

function queryOf(c: AppContext): Result<ActivationQuery & { docs: boolean; count: boolean }> {
  const page = paging(c, "activations");
  if (!page.ok) return page;
  const docs = flag(c, "docs");
  if (!docs.ok) return docs;
  if (docs.value && page.value.count) {
    return fail("bad-request", "The parameter 'docs' is not permitted with 'count'.");
  }
  const name = c.req.query("name") || undefined;
  if (name !== undefined && !NAME.test(name)) {
    const reason = "Parameter may be a 'simple' name or 'package-name/simple' name:";
    return malformed("name", `${reason} ${printable(name)}`);
  }
  const since = instant(c, "since");
  if (!since.ok) return since;
  const upto = instant(c, "upto");
  if (!upto.ok) return upto;
  return ok({
    ...page.value,
    docs: docs.value,
    ...(name === undefined ? {} : { name }),
    ...(since.value === undefined ? {} : { since: since.value }),
    ...(upto.value === undefined ? {} : { upto: upto.value }),
  });
}

function instant(c: AppContext, name: string): Result<number | undefined> {
  const given = c.req.query(name);
  if (given === undefined || given === "") return ok(undefined);
  if (INTEGER.test(given)) return ok(Number(given));
  return malformed(name, `Parameter is not a valid value for epoch seconds: ${printable(given)}`);
}
