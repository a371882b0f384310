// /namespaces/{ns}/keys: the keys of the own namespace, for whoever owns it.

import { described } from "../api/operations.ts";
import type { App } from "../context.ts";
import { methodNotAllowed } from "../method.ts";
import { changeKey, issueKey, listKeys, revokeKey, rotateKey, showKey } from "../owner/keys.ts";
import { inOwnNamespace } from "../owner/own.ts";

const KEYS = "/api/v1/namespaces/:ns/keys";
const KEY = `${KEYS}/:id`;

export function ownKeyRoutes(app: App): void {
  app.get(KEYS, described("listKeys", inOwnNamespace(listKeys)));
  app.post(KEYS, described("issueKey", inOwnNamespace(issueKey)));
  app.all(KEYS, methodNotAllowed("GET, POST"));
  app.get(KEY, described("getKey", inOwnNamespace(showKey)));
  app.patch(KEY, described("changeKey", inOwnNamespace(changeKey)));
  app.delete(KEY, described("revokeKey", inOwnNamespace(revokeKey)));
  app.all(KEY, methodNotAllowed("GET, PATCH, DELETE"));
  app.post(`${KEY}/rotate`, described("rotateKey", inOwnNamespace(rotateKey)));
  app.all(`${KEY}/rotate`, methodNotAllowed("POST"));
}
