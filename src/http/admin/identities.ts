// Identities as the administrator makes them.

import { z } from "zod";
import {
  blockSubject,
  createIdentity,
  getSubject,
  type IdentityContext,
  removeSubject,
  rotateKey,
} from "../../catalog/identities.ts";
import { looksLikeCredential } from "../../entities/credential.ts";
import type { Identity } from "../../entities/identity.ts";
import { isName } from "../../entities/names.ts";
import { bytesOfSize } from "../../entities/size.ts";
import type { SubjectStanding } from "../../storage/identity-store.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { bodyOf } from "./body.ts";

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
  const { key, limits, ...who } = body.value;
  const more = { ...(key === undefined ? {} : { key }), ...(limits === undefined ? {} : { limits: defined(limits) }) };
  return answer(c, await createIdentity(identitiesOf(c), { ...who, ...more }), keyText);
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

function identitiesOf(c: AppContext): IdentityContext {
  const services = c.get("services");
  return {
    identities: services.stores.identities,
    withWrites: (namespaces, write) => services.withWrites(namespaces, write),
    shards: services.settings.shards,
    shard: (namespaceId, shard) => services.shard(namespaceId, shard),
  };
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

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
