// Identities as the administrator makes them.

import { blockSubject, createIdentity, getSubject, removeSubject, rotateKey } from "../../catalog/identities.ts";
import { NewIdentity, NewKey } from "../../entities/administration.ts";
import type { Identity } from "../../entities/identity.ts";
import type { SubjectStanding } from "../../storage/identity-store.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { identitiesOf } from "../identity-contexts.ts";
import { bodyOf, defined } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { pageWishOf } from "../paging.ts";
import { json } from "../reply.ts";

export function identityRoutes(app: App, root: string): void {
  const all = `${root}/identities`;
  const one = `${all}/:subject`;
  app.get(all, list);
  app.post(all, create);
  app.all(all, methodNotAllowed("GET, POST"));
  app.get(one, show);
  app.delete(one, remove);
  app.all(one, methodNotAllowed("GET, DELETE"));
  for (const verb of ["block", "unblock"] as const) {
    app.post(`${one}/${verb}`, (c) => block(c, verb === "block"));
    app.all(`${one}/${verb}`, methodNotAllowed("POST"));
  }
  app.post(`${one}/rotate`, rotate);
  app.all(`${one}/rotate`, methodNotAllowed("POST"));
}

async function create(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewIdentity);
  if (!body.ok) return respond(c, body);
  const { subject, namespace, limits, ...more } = body.value;
  const asked = { subject, namespace, ...defined(more), ...(limits === undefined ? {} : { limits: defined(limits) }) };
  return answer(c, await createIdentity(identitiesOf(c), asked), keyText);
}

async function list(c: AppContext): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  return json(c, JSON.stringify(await c.get("services").stores.registry.subjects(wish.value)));
}

async function show(c: AppContext): Promise<Response> {
  return answer(c, await getSubject(identitiesOf(c), subjectOf(c)), textOf);
}

async function block(c: AppContext, blocked: boolean): Promise<Response> {
  return answer(c, await blockSubject(identitiesOf(c), { subject: subjectOf(c), blocked }), textOf);
}

/** `namespace` in the query: that one only. */
async function remove(c: AppContext): Promise<Response> {
  const asked = { subject: subjectOf(c), namespace: c.req.query("namespace") };
  return answer(c, await removeSubject(identitiesOf(c), asked), textOf);
}

async function rotate(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewKey);
  if (!body.ok) return respond(c, body);
  return answer(c, await rotateKey(identitiesOf(c), { subject: subjectOf(c), ...body.value }), keyText);
}

function keyText({ subject, namespace, key }: Identity): string {
  return JSON.stringify({ subject, namespace: namespace.name, key });
}

/** What the administrator sees of it. */
function textOf({ subject, blocked, namespaces }: SubjectStanding): string {
  return JSON.stringify({
    ...{ subject, blocked },
    namespaces: namespaces.map(({ namespace: { name, uuid }, open }) => ({ name, id: uuid, open })),
  });
}

function subjectOf(c: AppContext): string {
  return c.req.param("subject") ?? "";
}
