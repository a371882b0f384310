// Identities as the administrator makes them.

import { z } from "zod";
import { looksLikeCredential } from "../../entities/credential.ts";
import { idsOf } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { bytesOfSize } from "../../entities/size.ts";
import { fail } from "../../errors.ts";
import type { Services } from "../../services/services.ts";
import type { NamespaceStanding, SubjectStanding } from "../../storage/identity-store.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
import { bodyOf } from "./body.ts";

/** Stores told at the same time. */
const AT_ONCE = 64;

const count = z.number().int().nonnegative().optional();
const size = z
  .string()
  .refine((text) => bytesOfSize(text) !== null, "must be a size such as '1 MB'")
  .optional();

const Limits = z.strictObject({
  invocationsPerMinute: count,
  concurrentInvocations: count,
  firesPerMinute: count,
  allowedKinds: z.array(z.string().max(256)).max(100).optional(),
  storeActivations: z.boolean().optional(),
  minActionMemory: count,
  maxActionMemory: count,
  minActionLogs: count,
  maxActionLogs: count,
  minActionTimeout: count,
  maxActionTimeout: count,
  minActionConcurrency: count,
  maxActionConcurrency: count,
  maxParameterSize: size,
  maxPayloadSize: size,
  truncationSize: size,
});

const Subject = z
  .string()
  .max(256)
  .refine((text) => text.trim().length >= 5, "must have at least 5 characters");
const NamespaceName = z.string().refine(isName, "must be a valid namespace name");
/** The secret's length is fixed: what is not 64 characters long is no key to OpenWhisk clients. */
const Key = z
  .string()
  .regex(/^[\w-]{1,64}:[\x21-\x7e]{64}$/, "must be 'uuid:secret' with a secret of 64 characters")
  .refine((key) => !looksLikeCredential(key.slice(key.indexOf(":") + 1)), "must not look like an action's credential");

const NewIdentity = z.strictObject({
  subject: Subject,
  namespace: NamespaceName.optional(),
  key: Key.optional(),
  limits: Limits.optional(),
});

/** Without a namespace: the one that is named as the subject. */
const NewKey = z.strictObject({ namespace: NamespaceName.optional(), key: Key.optional() });

export function identityRoutes(app: App, root: string): void {
  const all = `${root}/identities`;
  const one = `${all}/:subject`;
  app.post(all, create);
  app.all(all, methodNotAllowed("POST"));
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
  const { subject, key, limits } = body.value;
  const namespace = body.value.namespace ?? subject;
  if (!isName(namespace)) return respond(c, fail("bad-request", "The namespace contains illegal characters."));
  const services = c.get("services");
  const made = await services.withWrite(namespace, () =>
    services.stores.identities.create({
      subject,
      namespace,
      ...(key === undefined ? {} : { key }),
      ...(limits === undefined ? {} : { limits: defined(limits) }),
    }),
  );
  if (made.kind === "exists") return respond(c, fail("already-exists"));
  if (made.kind === "blocked") return respond(c, fail("subject-blocked"));
  if (!made.fresh) {
    await tellStores(services, {
      subject,
      barred: false,
      namespaces: [{ namespace: made.identity.namespace, open: true }],
    });
  }
  return json(c, JSON.stringify({ subject, namespace, key: made.identity.key }));
}

async function show(c: AppContext): Promise<Response> {
  const standing = await c.get("services").stores.identities.standing(subjectOf(c));
  return standing === null ? respond(c, fail("not-found")) : json(c, textOf(standing));
}

/** When this is answered no isolate takes a key of the subject, and what waits in its name ends. */
async function block(c: AppContext, blocked: boolean): Promise<Response> {
  const subject = subjectOf(c);
  const services = c.get("services");
  const { identities } = services.stores;
  const changed = await changing(services, subject, () => identities.block(subject, blocked));
  if (changed === null) return respond(c, fail("not-found"));
  await tellStores(services, { ...changed, barred: blocked });
  return json(c, textOf(changed));
}

/** `namespace` in the query: that one only. */
async function remove(c: AppContext): Promise<Response> {
  const subject = subjectOf(c);
  const services = c.get("services");
  const namespace = c.req.query("namespace");
  const { identities } = services.stores;
  const gone = await changing(services, subject, () => identities.remove(subject, namespace));
  if (gone === null) return respond(c, fail("not-found"));
  await tellStores(services, { ...gone, barred: true });
  return json(c, textOf(gone));
}

async function rotate(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewKey);
  if (!body.ok) return respond(c, body);
  const subject = subjectOf(c);
  const { namespace = subject, key } = body.value;
  const services = c.get("services");
  const made = await services.withWrite(namespace, () => services.stores.identities.rotate(subject, namespace, key));
  if (made === null) return respond(c, fail("not-found"));
  if (made === "exists") return respond(c, fail("already-exists"));
  return json(c, JSON.stringify({ subject, namespace, key: made.key }));
}

/** Changes what a subject may open: when it returns no isolate uses what it had read of the namespaces before. */
async function changing(
  services: Services,
  subject: string,
  write: () => Promise<SubjectStanding | null>,
): Promise<SubjectStanding | null> {
  const before = await services.stores.identities.standing(subject);
  if (before === null) return null;
  const names = before.namespaces.map((each) => each.namespace.name);
  const changed = await services.withWrites(names, write);
  // Those that came between the look and the write.
  const more = (changed?.namespaces ?? []).map((each) => each.namespace.name).filter((name) => !names.includes(name));
  if (more.length > 0) await services.withWrites(more, async () => undefined);
  return changed;
}

/** What waits in the subject's name ends, and where nobody has the namespace any more all that waits there; or may wait again. */
async function tellStores(
  services: Services,
  { subject, barred, namespaces }: { subject: string; barred: boolean; namespaces: readonly NamespaceStanding[] },
): Promise<void> {
  const calls = namespaces.flatMap(({ namespace, open }) =>
    idsOf(namespace).flatMap((id) =>
      Array.from({ length: services.settings.shards }, (_, shard) => () => {
        return services.shard(id, shard).bar(subject, { barred, everybody: !open });
      }),
    ),
  );
  for (let at = 0; at < calls.length; at += AT_ONCE) {
    await Promise.all(calls.slice(at, at + AT_ONCE).map((call) => call()));
  }
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

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
