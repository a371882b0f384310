// /admin/v1/namespaces/<name>/retention and …/usage: how long its records are kept, and how much they are.

import type { Namespace } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { RETENTION_BOUNDS, RetentionPolicy, retentionOf } from "../../entities/retention.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { lookAt, type RoundPorts } from "../../records/round.ts";
import { usageOf } from "../../records/usage.ts";
import type { RetentionEntry } from "../../storage/retention-book.ts";
import { actingStores } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { printable } from "../query.ts";
import { json } from "../reply.ts";
import { bodyOf } from "./body.ts";

/** What is set is begun with at once; the rest is the cron trigger's. */
const FIRST = { steps: 10, ms: 10_000 };

export function adminRetentionRoutes(app: App, root: string): void {
  const retention = `${root}/namespaces/:namespace/retention`;
  app.get(retention, show);
  app.put(retention, set);
  app.delete(retention, (c) => change(c, {}));
  app.all(retention, methodNotAllowed("GET, PUT, DELETE"));
  const usage = `${root}/namespaces/:namespace/usage`;
  app.get(usage, showUsage);
  app.all(usage, methodNotAllowed("GET"));
}

async function show(c: AppContext): Promise<Response> {
  const namespace = await namespaceOf(c);
  return namespace.ok ? shown(c, namespace.value) : respond(c, namespace);
}

/** Replaces what was set. */
async function set(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, RetentionPolicy);
  return body.ok ? change(c, body.value) : respond(c, body);
}

async function change(c: AppContext, policy: RetentionPolicy): Promise<Response> {
  const namespace = await namespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const ports = c.get("services").retention();
  const { uuid } = namespace.value;
  await actingStores(c).retention.set(uuid, policy);
  c.executionCtx.waitUntil(begin(ports, uuid));
  return shown(c, namespace.value);
}

async function begin(ports: RoundPorts, namespaceId: string): Promise<void> {
  const entry = await ports.book.get(namespaceId);
  if (entry !== null) await lookAt(ports, entry, { steps: FIRST.steps, until: ports.now() + FIRST.ms });
}

async function shown(c: AppContext, namespace: Namespace): Promise<Response> {
  const { book, standard } = c.get("services").retention();
  const entry = await book.get(namespace.uuid);
  return json(c, JSON.stringify({ namespace: namespace.name, ...textOf(entry, standard) }));
}

/** `bounds`: what is in force, null for none, and where each comes from. `keptFrom`: what started before is gone. */
function textOf(entry: RetentionEntry | null, standard: RetentionPolicy): object {
  const own = entry?.policy ?? {};
  const inForce = retentionOf(own, standard);
  const bounds = RETENTION_BOUNDS.map((name) => {
    const from = own[name] === undefined ? (standard[name] === undefined ? "none" : "DEFAULT_RETENTION") : "namespace";
    return [name, { value: inForce[name], from }];
  });
  return {
    bounds: Object.fromEntries(bounds),
    keptFrom: entry === null || entry.keptFrom === 0 ? null : entry.keptFrom,
    ...(entry === null ? {} : { nextLook: entry.due, fault: entry.fault }),
  };
}

async function showUsage(c: AppContext): Promise<Response> {
  const namespace = await namespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const usage = await usageOf(c.get("services").retention(), namespace.value);
  return json(c, JSON.stringify({ namespace: namespace.value.name, ...usage }));
}

async function namespaceOf(c: AppContext): Promise<Result<Namespace>> {
  const name = c.req.param("namespace") ?? "";
  if (!isName(name)) return fail("bad-request", `'${printable(name)}' is not the name of a namespace.`);
  const known = await c.get("services").namespaceNamed(name);
  return known === null ? fail("not-found", name) : ok(known);
}
