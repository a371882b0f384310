// Namespaces and their limits as the administrator sees and changes them.

import { beginDeletion, contentsOf, continueDeletion } from "../../catalog/deletion.ts";
import { blockNamespace, createNamespace, deleteLimits, getNamespace, setLimits } from "../../catalog/registry.ts";
import {
  type DeletionAnswer,
  DeletionWish,
  LimitChanges,
  Limits,
  type NamespaceItem,
  NewNamespace,
} from "../../entities/administration.ts";
import { isName } from "../../entities/names.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { Deletion } from "../../storage/deletion-store.ts";
import type { RegisteredNamespace } from "../../storage/registry-store.ts";
import { authorOf } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { countNamespaceDeletion } from "../counted.ts";
import { answer, respond } from "../errors.ts";
import { deletionOf, registryOf } from "../identity-contexts.ts";
import { bodyOf, defined } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { pageWishOf } from "../paging.ts";
import { json } from "../reply.ts";

/** ms for which a deletion goes on after it has been answered. */
const AT_ONCE_MS = 20_000;

export function adminNamespaceRoutes(app: App, root: string): void {
  const all = `${root}/namespaces`;
  const one = `${all}/:namespace`;
  app.get(all, list);
  app.post(all, create);
  app.all(all, methodNotAllowed("GET, POST"));
  app.get(one, async (c) => answer(c, await getNamespace(registryOf(c), nameIn(c)), text));
  for (const verb of ["block", "unblock"] as const) {
    app.post(`${one}/${verb}`, (c) => block(c, verb === "block"));
    app.all(`${one}/${verb}`, methodNotAllowed("POST"));
  }
  const limits = `${one}/limits`;
  app.get(limits, showLimits);
  app.put(limits, (c) => changeLimits(c, { merge: false }));
  app.patch(limits, (c) => changeLimits(c, { merge: true }));
  app.delete(limits, removeLimits);
  app.all(limits, methodNotAllowed("GET, PUT, PATCH, DELETE"));
  app.delete(one, remove);
  app.all(one, methodNotAllowed("GET, DELETE"));
  app.get(`${one}/contents`, contents);
  app.all(`${one}/contents`, methodNotAllowed("GET"));
  app.get(`${one}/deletion`, deletion);
  app.all(`${one}/deletion`, methodNotAllowed("GET"));
}

async function list(c: AppContext): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const { items, next } = await c.get("services").stores.registry.namespaces(wish.value);
  return json(c, JSON.stringify({ items: items.map(shown), next }));
}

async function create(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewNamespace);
  if (!body.ok) return respond(c, body);
  const { name, limits = {} } = body.value;
  return answer(c, await createNamespace(registryOf(c), { name, limits: defined(limits) }), text);
}

async function block(c: AppContext, blocked: boolean): Promise<Response> {
  return answer(c, await blockNamespace(registryOf(c), { name: nameIn(c), blocked }), text);
}

/** {} where there are none, also of a namespace that is not there: limits may be set before it. */
async function showLimits(c: AppContext): Promise<Response> {
  const name = nameOf(c);
  if (!name.ok) return respond(c, name);
  const limits = await c.get("services").stores.registry.limits(name.value);
  return json(c, JSON.stringify({ namespace: name.value, limits }));
}

/** `merge`: over those there are. */
async function changeLimits(c: AppContext, { merge }: { merge: boolean }): Promise<Response> {
  const name = nameOf(c);
  if (!name.ok) return respond(c, name);
  const body = await (merge ? bodyOf<object>(c, LimitChanges) : bodyOf<object>(c, Limits));
  if (!body.ok) return respond(c, body);
  const set = await setLimits(registryOf(c), { name: name.value, limits: body.value, merge });
  return answer(c, set, (limits) => JSON.stringify({ namespace: name.value, limits }));
}

async function removeLimits(c: AppContext): Promise<Response> {
  const gone = await deleteLimits(registryOf(c), nameIn(c));
  return answer(c, gone, (namespace) => JSON.stringify({ namespace, limits: {} }));
}

/** What goes with it, if it is deleted. */
async function contents(c: AppContext): Promise<Response> {
  const found = await getNamespace(registryOf(c), nameIn(c));
  if (!found.ok) return respond(c, found);
  const { namespace } = found.value;
  return json(c, JSON.stringify(await contentsOf(deletionOf(c.get("services")), namespace)));
}

/** The rest goes after the answer, in this request and once a minute. */
async function remove(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, DeletionWish);
  if (!body.ok) return respond(c, body);
  const name = nameIn(c);
  if (body.value.confirm !== name) {
    return respond(c, fail("bad-request", 'What is to go must be named once more: {"confirm": "<the namespace>"}.'));
  }
  const context = deletionOf(c.get("services"), authorOf(c));
  const begun = await beginDeletion(context, name);
  if (begun.ok) {
    const { uuid: id } = begun.value.namespace;
    countNamespaceDeletion(c, name);
    c.executionCtx.waitUntil(continueDeletion(context, { id, until: Date.now() + AT_ONCE_MS }));
  }
  return answer(c, begun, (value) => deletionText(c, value));
}

async function deletion(c: AppContext): Promise<Response> {
  const found = await c.get("services").stores.deletions.find(nameIn(c));
  return found === null ? respond(c, fail("not-found")) : json(c, deletionText(c, found));
}

function deletionText(c: AppContext, { namespace: { name, uuid }, began, stage, gone, ended }: Deletion): string {
  const free = ended ?? began + deletionOf(c.get("services")).longestRun;
  const shown: DeletionAnswer = { namespace: name, id: uuid, began, stage, gone, free, ended };
  return JSON.stringify(shown);
}

export function nameIn(c: AppContext): string {
  return c.req.param("namespace") ?? "";
}

function nameOf(c: AppContext): Result<string> {
  const name = nameIn(c);
  return isName(name) ? ok(name) : fail("bad-request", "The namespace contains illegal characters.");
}

function shown({ namespace: { name, uuid }, ...rest }: RegisteredNamespace): NamespaceItem {
  return { name, id: uuid, ...rest };
}

function text(namespace: RegisteredNamespace): string {
  return JSON.stringify(shown(namespace));
}
