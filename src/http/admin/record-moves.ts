// /admin/v1/records: how full the databases are, and what of blobs nobody owned. /admin/v1/records/move: POST orders
// that older records come to where the mode has them, GET says how far they are; a page each.

import { MoveOrder } from "../../entities/record-administration.ts";
import { fail } from "../../errors.ts";
import { moveRecords } from "../../records/move.ts";
import { sweptBlobs } from "../../records/unowned-blobs.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";

export function recordMoveRoutes(app: App, root: string): void {
  app.get(`${root}/records`, status);
  app.all(`${root}/records`, methodNotAllowed("GET"));
  const path = `${root}/records/move`;
  app.get(path, show);
  app.post(path, order);
  app.all(path, methodNotAllowed("GET, POST"));
}

async function status(c: AppContext): Promise<Response> {
  const services = c.get("services");
  const blobs = sweptBlobs(services.sweeping());
  return json(c, JSON.stringify({ ...(await services.recordDatabases()), blobs: await blobs }));
}

async function order(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, MoveOrder);
  if (!body.ok) return respond(c, body);
  const { to, after = "" } = body.value;
  return answer(c, await moveRecords(c.get("services").movePorts(), { to, after }), JSON.stringify);
}

async function show(c: AppContext): Promise<Response> {
  const after = c.req.query("after") ?? "";
  if (after.length > 512) return respond(c, fail("bad-request", "'after' is what 'next' was in the answer before."));
  return answer(c, await moveRecords(c.get("services").movePorts(), { to: null, after }), JSON.stringify);
}
