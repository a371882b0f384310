// /admin/v1/hosts and /admin/v1/schedulers: who runs actions, and what each does now.

import { createHost, drainHost, type HostContext, renameHost, revokeHost, withReasons } from "../../catalog/hosts.ts";
import { HostRename, NewHost } from "../../entities/administration.ts";
import { fail } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
import { withDifferences } from "./differences.ts";

export function adminHostRoutes(app: App, root: string): void {
  app.post(`${root}/hosts`, create);
  app.get(`${root}/hosts`, list);
  app.all(`${root}/hosts`, methodNotAllowed("GET, POST"));
  app.delete(`${root}/hosts/:name`, revoke);
  app.all(`${root}/hosts/:name`, methodNotAllowed("GET, DELETE"));
  const verbs = { drain: true, undrain: false, enable: false } as const;
  for (const [verb, on] of Object.entries(verbs)) {
    app.post(`${root}/hosts/:name/${verb}`, (c) => drain(c, on));
    app.all(`${root}/hosts/:name/${verb}`, methodNotAllowed("POST"));
  }
  app.post(`${root}/hosts/:name/rename`, rename);
  app.all(`${root}/hosts/:name/rename`, methodNotAllowed("POST"));
  app.get(`${root}/schedulers`, schedulers);
  app.all(`${root}/schedulers`, methodNotAllowed("GET"));
  app.get(`${root}/schedulers/:host/:shard`, scheduler);
  app.all(`${root}/schedulers/:host/:shard`, methodNotAllowed("GET"));
}

async function create(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewHost);
  if (!body.ok) return respond(c, body);
  const { name } = body.value;
  return answer(c, await createHost(hostsOf(c), body.value), (token) => JSON.stringify({ name, token }));
}

async function revoke(c: AppContext): Promise<Response> {
  return answer(c, await revokeHost(hostsOf(c), c.req.param("name") ?? ""), (name) => JSON.stringify({ name }));
}

async function drain(c: AppContext, on: boolean): Promise<Response> {
  const done = await drainHost(hostsOf(c), c.req.param("name") ?? "", on);
  return answer(c, done, ({ name }) => JSON.stringify({ name, draining: on }));
}

/** The token of the host that takes its place; the one before drains until it is revoked. */
async function rename(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, HostRename);
  if (!body.ok) return respond(c, body);
  const name = c.req.param("name") ?? "";
  const { to } = body.value;
  return answer(c, await renameHost(hostsOf(c), { name, to }), (token) => JSON.stringify({ name: to, token }));
}

async function list(c: AppContext): Promise<Response> {
  const roster = c.get("services").roster();
  const [hosts, entries] = await Promise.all([roster.hosts(), roster.schedulers()]);
  return json(c, JSON.stringify(withReasons(hosts, entries)));
}

async function schedulers(c: AppContext): Promise<Response> {
  const entries = await c.get("services").roster().schedulers();
  return json(c, JSON.stringify(withDifferences(entries, c.get("settings").build)));
}

/** What one scheduler does now: it is asked itself. */
async function scheduler(c: AppContext): Promise<Response> {
  const name = `${c.req.param("host")}/${c.req.param("shard")}`;
  const services = c.get("services");
  const known = (await services.roster().schedulers()).some((entry) => entry.scheduler === name);
  return known ? json(c, JSON.stringify(await services.scheduler(name).status())) : respond(c, fail("not-found"));
}

function hostsOf(c: AppContext): HostContext {
  const services = c.get("services");
  return { roster: services.roster(), scheduler: (name) => services.scheduler(name) };
}
