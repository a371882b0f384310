// Administrators as administrators see and make them. A token is shown once.

import { AdministratorChange, type AdministratorItem, NewAdministrator } from "../../entities/administration.ts";
import { newAdministratorToken } from "../../entities/administrator.ts";
import { fail } from "../../errors.ts";
import type { AdministratorChanged, NamedAdministrator } from "../../storage/administrator-store.ts";
import { actingStores } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { pageWishOf } from "../paging.ts";
import { json } from "../reply.ts";
import { digestOf } from "./guard.ts";

export function administratorRoutes(app: App, root: string): void {
  const all = `${root}/administrators`;
  const one = `${all}/:name`;
  app.get(all, list);
  app.post(all, create);
  app.all(all, methodNotAllowed("GET, POST"));
  app.patch(one, change);
  app.delete(one, remove);
  app.all(one, methodNotAllowed("PATCH, DELETE"));
  app.post(`${one}/rotate`, rotate);
  app.all(`${one}/rotate`, methodNotAllowed("POST"));
}

async function list(c: AppContext): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const page = await storeOf(c).list(wish.value);
  return json(c, JSON.stringify({ ...page, items: page.items.map(shown) }));
}

async function create(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewAdministrator);
  if (!body.ok) return respond(c, body);
  const { name, role, ends = null } = body.value;
  const token = newAdministratorToken();
  const administrator = { name, role, ends, created: Date.now() };
  if (!(await storeOf(c).create(administrator, digestOf(token)))) return respond(c, fail("already-exists"));
  return json(c, JSON.stringify({ ...shown(administrator), token }));
}

async function change(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, AdministratorChange);
  if (!body.ok) return respond(c, body);
  return outcome(c, await storeOf(c).change(nameOf(c), body.value, keeping(c)));
}

async function remove(c: AppContext): Promise<Response> {
  const before = await storeOf(c).byName(nameOf(c));
  const changed = await storeOf(c).remove(nameOf(c), keeping(c));
  return changed === "changed" && before !== null ? json(c, JSON.stringify(shown(before))) : outcome(c, changed);
}

async function rotate(c: AppContext): Promise<Response> {
  const token = newAdministratorToken();
  if (!(await storeOf(c).renew(nameOf(c), digestOf(token)))) return respond(c, fail("not-found"));
  const now = await storeOf(c).byName(nameOf(c));
  return now === null ? respond(c, fail("not-found")) : json(c, JSON.stringify({ ...shown(now), token }));
}

async function outcome(c: AppContext, changed: AdministratorChanged): Promise<Response> {
  if (changed === "last") return respond(c, fail("last-administrator"));
  const now = changed === "missing" ? null : await storeOf(c).byName(nameOf(c));
  return now === null ? respond(c, fail("not-found")) : json(c, JSON.stringify(shown(now)));
}

/** Whoever comes in with ADMIN_TOKEN can do so again. */
function keeping(c: AppContext): { keepOne: boolean } {
  return { keepOne: c.get("administrator").name !== null };
}

function shown({ name, role, created, ends }: NamedAdministrator): AdministratorItem {
  return { name, role, created, ends, good: ends === null || ends > Date.now() };
}

function storeOf(c: AppContext) {
  return actingStores(c).administrators;
}

function nameOf(c: AppContext): string {
  return c.req.param("name") ?? "";
}
