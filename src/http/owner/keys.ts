// The keys of a namespace, as its owner sees and changes them. Secrets go out where they are made.

import {
  changeOwnKey,
  getOwnKey,
  issueOwnKey,
  type OwnKeyContext,
  replaceOwnKey,
  revokeOwnKey,
} from "../../catalog/own-keys.ts";
import { KeyChange, NewOwnKey, OwnKeyRotation } from "../../entities/administration.ts";
import type { AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { identitiesOf, registryOf } from "../identity-contexts.ts";
import { bodyOf } from "../json-body.ts";
import { pageWishOf } from "../paging.ts";
import { json } from "../reply.ts";
import { developmentKeys, keyText, rotationText, shownKey } from "./key-items.ts";

export async function listKeys(c: AppContext): Promise<Response> {
  const wish = pageWishOf(c);
  if (!wish.ok) return respond(c, wish);
  const filter = { namespace: c.get("identity").namespace.name };
  const page = await c.get("services").stores.registry.keys(filter, wish.value);
  const known = wish.value.after === "" ? developmentKeys(c, filter, false) : [];
  return json(c, JSON.stringify({ ...page, items: [...known, ...page.items.map(shownKey)] }));
}

export async function issueKey(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewOwnKey);
  if (!body.ok) return respond(c, body);
  const issued = await issueOwnKey(contextOf(c), body.value);
  return answer(c, issued, ({ key, now }) => JSON.stringify({ key, now: shownKey(now) }));
}

export async function showKey(c: AppContext): Promise<Response> {
  return answer(c, await getOwnKey(contextOf(c), idOf(c)), keyText);
}

export async function changeKey(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, KeyChange);
  return body.ok
    ? answer(c, await changeOwnKey(contextOf(c), { id: idOf(c), ...body.value }), keyText)
    : respond(c, body);
}

export async function rotateKey(c: AppContext): Promise<Response> {
  const body = await bodyOf<{ overlap: number }>(c, OwnKeyRotation);
  return body.ok
    ? answer(c, await replaceOwnKey(contextOf(c), { id: idOf(c), ...body.value }), rotationText)
    : respond(c, body);
}

export async function revokeKey(c: AppContext): Promise<Response> {
  const revoked = await revokeOwnKey(contextOf(c), idOf(c));
  return answer(c, revoked, (key) => JSON.stringify({ ...shownKey(key), good: false }));
}

function contextOf(c: AppContext): OwnKeyContext {
  return { ...registryOf(c), identities: identitiesOf(c).identities, owner: c.get("identity") };
}

function idOf(c: AppContext): string {
  return c.req.param("id") ?? "";
}
