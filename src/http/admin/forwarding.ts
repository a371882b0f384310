// /admin/v1/namespaces/<name>/forwarding: to where its records are forwarded as they are made, and how that stands.

import type { Namespace } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { RecordHookOrder } from "../../entities/record-hook.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { type ForwardingPorts, removeHook, setHook, showHook } from "../../records/forwarding.ts";
import { actingStores } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { printable } from "../query.ts";
import { json } from "../reply.ts";
import { bodyOf } from "./body.ts";

export function adminForwardingRoutes(app: App, root: string): void {
  const path = `${root}/namespaces/:namespace/forwarding`;
  app.get(path, async (c) => {
    const namespace = await namespaceOf(c);
    return namespace.ok ? shown(c, namespace.value) : respond(c, namespace);
  });
  app.put(path, set);
  app.delete(path, async (c) => {
    const namespace = await namespaceOf(c);
    if (!namespace.ok) return respond(c, namespace);
    const removed = await removeHook(portsOf(c), namespace.value);
    return removed.ok ? shown(c, namespace.value) : respond(c, removed);
  });
  app.all(path, methodNotAllowed("GET, PUT, DELETE"));
}

/** Replaces what was set. The secret is told where it was made here, this once. */
async function set(c: AppContext): Promise<Response> {
  const namespace = await namespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const body = await bodyOf(c, RecordHookOrder);
  if (!body.ok) return respond(c, body);
  const made = await setHook(portsOf(c), namespace.value, body.value);
  return made.ok ? shown(c, namespace.value, made.value) : respond(c, made);
}

async function shown(c: AppContext, namespace: Namespace, more: { secret?: string } = {}): Promise<Response> {
  return json(c, JSON.stringify({ namespace: namespace.name, ...(await showHook(portsOf(c), namespace)), ...more }));
}

function portsOf(c: AppContext): ForwardingPorts {
  const own = new URL(c.req.url).hostname;
  return { ...c.get("services").forwarding([own]), book: actingStores(c).recordHooks };
}

async function namespaceOf(c: AppContext): Promise<Result<Namespace>> {
  const name = c.req.param("namespace") ?? "";
  if (!isName(name)) return fail("bad-request", `'${printable(name)}' is not the name of a namespace.`);
  const known = await c.get("services").namespaceNamed(name);
  return known === null ? fail("not-found", name) : ok(known);
}
