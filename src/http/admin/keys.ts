// Keys as the administrator sees and changes them. Secrets come in bodies alone, and go out where they are asked for.

import type { z } from "zod";
import { changeKey, replaceKey, revokeKey } from "../../catalog/registry.ts";
import { KeyChange, KeyRotation, Whois } from "../../entities/administration.ts";
import { equalTexts } from "../../entities/credential.ts";
import { developmentIdentity } from "../../entities/development.ts";
import { fail } from "../../errors.ts";
import type { KeyFilter } from "../../storage/registry-store.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { registryOf } from "../identity-contexts.ts";
import { bodyOf } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { developmentItem, developmentKeys, keyText, rotationText, shownKey } from "../owner/key-items.ts";
import { pageWishOf } from "../paging.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";
import { adminRefusal } from "./guard.ts";

export function keyRoutes(app: App, root: string): void {
  const lists: [string, (c: AppContext) => KeyFilter][] = [
    ["identities/:subject", (c) => ({ subject: c.req.param("subject") ?? "", namespace: c.req.query("namespace") })],
    ["namespaces/:namespace", (c) => ({ namespace: c.req.param("namespace") ?? "" })],
  ];
  for (const [owner, filterOf] of lists) {
    app.get(`${root}/${owner}/keys`, (c) => list(c, filterOf(c)));
    app.all(`${root}/${owner}/keys`, methodNotAllowed("GET"));
  }
  const one = `${root}/keys/:id`;
  app.get(one, show);
  app.patch(one, change);
  app.delete(one, revoke);
  app.all(one, methodNotAllowed("GET, PATCH, DELETE"));
  app.post(`${one}/rotate`, rotate);
  app.all(`${one}/rotate`, methodNotAllowed("POST"));
  app.post(`${root}/whois`, whois);
  app.all(`${root}/whois`, methodNotAllowed("POST"));
}

/** `secrets=true`: with the keys themselves. */
async function list(c: AppContext, filter: KeyFilter): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const secrets = flag(c, "secrets");
  if (!secrets.ok) return respond(c, secrets);
  const refused = secrets.value ? adminRefusal(c, "admit") : null;
  if (refused !== null) return respond(c, refused);
  const { registry } = c.get("services").stores;
  const page = await (secrets.value ? registry.openedKeys(filter, wish.value) : registry.keys(filter, wish.value));
  const known = wish.value.after === "" ? developmentKeys(c, filter, secrets.value) : [];
  return json(c, JSON.stringify({ ...page, items: [...known, ...page.items.map(shownKey)] }));
}

async function show(c: AppContext): Promise<Response> {
  const key = await c.get("services").stores.registry.key(idOf(c));
  return key === null ? respond(c, fail("not-found")) : json(c, JSON.stringify(shownKey(key)));
}

async function change(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, KeyChange);
  if (!body.ok) return respond(c, body);
  return answer(c, await changeKey(registryOf(c), { id: idOf(c), ...body.value }), keyText);
}

async function rotate(c: AppContext): Promise<Response> {
  const body = await bodyOf<z.infer<typeof KeyRotation>>(c, KeyRotation);
  if (!body.ok) return respond(c, body);
  return answer(c, await replaceKey(registryOf(c), { id: idOf(c), ...body.value }), rotationText);
}

async function revoke(c: AppContext): Promise<Response> {
  return answer(c, await revokeKey(registryOf(c), idOf(c)), (key) => JSON.stringify({ ...shownKey(key), good: false }));
}

/** In a body: an address ends up in logs. */
async function whois(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, Whois);
  if (!body.ok) return respond(c, body);
  const [id = "", ...secret] = body.value.key.split(":");
  const found = await c.get("services").stores.registry.key(id, secret.length === 0 ? undefined : secret.join(":"));
  if (found !== null) return json(c, JSON.stringify(shownKey(found)));
  const known = c.get("settings").developmentKeys ? developmentIdentity(id) : undefined;
  const isMeant = known !== undefined && (secret.length === 0 || equalTexts(known.key, body.value.key));
  return isMeant ? json(c, JSON.stringify(developmentItem(known, false))) : respond(c, fail("not-found"));
}

function idOf(c: AppContext): string {
  return c.req.param("id") ?? "";
}
