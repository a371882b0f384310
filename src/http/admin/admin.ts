// The admin API: Bearer ADMIN_TOKEN opens it; without that secret it is closed to everybody.

import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import { sameSecret } from "../../entities/sealing.ts";
import { type Failure, fail } from "../../errors.ts";
import type { SchedulerName } from "../../protocol/rpc.ts";
import type { Services } from "../../services/services.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
import { bodyOf } from "./body.ts";
import { withDifferences } from "./differences.ts";
import { identityRoutes } from "./identities.ts";
import { resealRoutes } from "./reseal.ts";

const ROOT = "/admin/v1";

const NewHost = z.strictObject({
  name: z.string(),
  rotate: z.boolean().optional(),
  /** Schedulers its token opens. */
  shards: z.number().int().min(1).max(16).optional(),
});

export function adminRoutes(app: App): void {
  app.use("/admin/*", guard);
  identityRoutes(app, ROOT);
  resealRoutes(app, ROOT);
  app.post(`${ROOT}/hosts`, createHost);
  app.get(`${ROOT}/hosts`, listHosts);
  app.all(`${ROOT}/hosts`, methodNotAllowed("GET, POST"));
  app.delete(`${ROOT}/hosts/:name`, revokeHost);
  app.all(`${ROOT}/hosts/:name`, methodNotAllowed("DELETE"));
  app.get(`${ROOT}/schedulers`, async (c) =>
    json(c, JSON.stringify(withDifferences(await c.get("services").roster().schedulers(), c.get("settings").build))),
  );
  app.all(`${ROOT}/schedulers`, methodNotAllowed("GET"));
  app.get(`${ROOT}/schedulers/:host/:shard`, scheduler);
  app.all(`${ROOT}/schedulers/:host/:shard`, methodNotAllowed("GET"));
}

const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const wanted = c.env.ADMIN_TOKEN ?? "";
  if (wanted === "") return respond(c, fail("admin-closed"));
  const given = c.req.raw.headers.get("Authorization");
  if (given === null) return refuse(c, fail("not-authenticated"));
  const token = /^bearer\s+(\S+)\s*$/i.exec(given)?.[1] ?? "";
  return (await sameSecret(token, wanted)) ? next() : refuse(c, fail("bad-credentials"));
};

function refuse(c: AppContext, failure: Failure): Response {
  const response = respond(c, failure);
  response.headers.set("WWW-Authenticate", 'Bearer realm="edgewhisk administration"');
  return response;
}

async function createHost(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewHost);
  if (!body.ok) return respond(c, body);
  const { name, rotate = false, shards } = body.value;
  const services = c.get("services");
  const lines = rotate ? await linesOf(services, name) : [];
  const made = await services.roster().createHost(name, { rotate, ...(shards === undefined ? {} : { shards }) });
  if (made.kind === "bad-name") return respond(c, fail("bad-request", `The name of a host has ${made.rule}.`));
  if (made.kind === "exists") return respond(c, fail("host-exists", name));
  await cut(services, lines);
  return json(c, JSON.stringify({ name, token: made.token }));
}

/** What one scheduler does now: it is asked itself. */
async function scheduler(c: AppContext): Promise<Response> {
  const name = `${c.req.param("host")}/${c.req.param("shard")}`;
  const services = c.get("services");
  const known = (await services.roster().schedulers()).some((entry) => entry.scheduler === name);
  return known ? json(c, JSON.stringify(await services.scheduler(name).status())) : respond(c, fail("not-found"));
}

async function revokeHost(c: AppContext): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const services = c.get("services");
  const lines = await linesOf(services, name);
  const gone = await services.roster().revokeHost(name);
  await cut(services, lines);
  return gone ? json(c, JSON.stringify({ name })) : respond(c, fail("not-found"));
}

async function linesOf(services: Services, host: string): Promise<SchedulerName[]> {
  const all = await services.roster().schedulers();
  return all.filter((entry) => entry.host === host).map((entry) => entry.scheduler);
}

/** A line that was open before its token went would stay open. */
async function cut(services: Services, lines: readonly SchedulerName[]): Promise<void> {
  await Promise.all(lines.map((name) => services.scheduler(name).expel()));
}

/** Each with the reasons why its schedulers take nothing, or what is impaired. */
async function listHosts(c: AppContext): Promise<Response> {
  const roster = c.get("services").roster();
  const [hosts, entries] = await Promise.all([roster.hosts(), roster.schedulers()]);
  const list = hosts.map((host) => {
    const own = entries.filter((entry) => entry.host === host.name);
    const reasons = (kind: "unhealthy" | "impaired") => [...new Set(own.flatMap((entry) => entry[kind] ?? []))];
    const [unhealthy, impaired] = [reasons("unhealthy"), reasons("impaired")];
    return {
      ...host,
      ...(unhealthy.length === 0 ? {} : { unhealthy: unhealthy.join("; ") }),
      ...(impaired.length === 0 ? {} : { impaired: impaired.join("; ") }),
    };
  });
  return json(c, JSON.stringify(list));
}
