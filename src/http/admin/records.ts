// /admin/v1/activations/<id>/location: where the record of an activation is, whosever it is.

import { type ActivationId, isActivationId, shardOf } from "../../entities/activation-id.ts";
import type { Namespace } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { type Located, locate } from "../../records/locate.ts";
import { exportRecords, importRecords } from "../activations/records.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { malformed, printable } from "../query.ts";
import { json } from "../reply.ts";

export function adminRecordRoutes(app: App, root: string): void {
  const location = `${root}/activations/:id/location`;
  app.get(location, show);
  app.all(location, methodNotAllowed("GET"));
  const records = `${root}/namespaces/:namespace/records`;
  app.get(records, (c) => ofNamespace(c, exportRecords));
  app.post(records, (c) => ofNamespace(c, importRecords));
  app.all(records, methodNotAllowed("GET, POST"));
}

async function ofNamespace(c: AppContext, answer: typeof exportRecords): Promise<Response> {
  const name = c.req.param("namespace") ?? "";
  const known = isName(name) ? await c.get("services").namespaceNamed(name) : null;
  return known === null ? respond(c, fail("not-found", name)) : answer(c, known);
}

/** `namespace` in the query: only that one is looked into. */
async function show(c: AppContext): Promise<Response> {
  const id = idOf(c);
  if (!id.ok) return respond(c, id);
  const namespace = await namespaceNamed(c);
  if (!namespace.ok) return respond(c, namespace);
  const located = await locate(c.get("services").recordPlaces(), id.value, namespace.value);
  if (located.found) return json(c, JSON.stringify(located.location));
  return respond(c, { ...fail("not-found"), text: sentenceOf(id.value, located) }, { searched: searchedOf(located) });
}

function idOf(c: AppContext): Result<ActivationId> {
  const given = c.req.param("id") ?? "";
  if (!isActivationId(given)) {
    return fail("bad-request", `'${printable(given)}' is no activation id: expected 32 hex digits, in lower case.`);
  }
  const { shards } = c.get("services").settings;
  if (shardOf(given) < shards) return ok(given);
  const text = `The id ${given} names shard ${shardOf(given)}, and there are ${shards}, from 0: it was not made here.`;
  return { ...fail("not-found"), text };
}

async function namespaceNamed(c: AppContext): Promise<Result<Namespace | undefined>> {
  const name = c.req.query("namespace");
  if (name === undefined) return ok(undefined);
  if (!isName(name)) return malformed("namespace", `'${printable(name)}' is not the name of a namespace.`);
  const services = c.get("services");
  const known = await services.namespaceNamed(name);
  return known === null ? fail("not-found", name) : ok(known);
}

type Searched = Extract<Located, { found: false }>;

function searchedOf({ databases, objects, namespaces, unreachable, more }: Searched): object {
  return { databases, objects, namespaces, more, ...(unreachable.length === 0 ? {} : { unreachable }) };
}

function sentenceOf(id: ActivationId, { databases, objects, namespaces, unreachable, more }: Searched): string {
  const through = [
    ...(databases.length === 0 ? [] : [`the databases of records ${databases.join(", ")}`]),
    `the objects and segments of ${namespaces} namespaces (shard ${shardOf(id)}: ${objects})`,
  ];
  const silent = unreachable.length === 0 ? "" : ` Not reached: ${unreachable.join(", ")}.`;
  const rest = more ? " There are more namespaces: name one." : "";
  return `No record of activation ${id}. Looked through: ${through.join("; ")}.${silent}${rest}`;
}
