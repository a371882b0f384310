// Identities as the administrator makes them.

import { z } from "zod";
import { isName } from "../../entities/names.ts";
import { bytesOfSize } from "../../entities/size.ts";
import { fail } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
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

const NewIdentity = z.strictObject({
  subject: z
    .string()
    .max(256)
    .refine((text) => text.trim().length >= 5, "must have at least 5 characters"),
  namespace: z.string().refine(isName, "must be a valid namespace name").optional(),
  /** The secret's length is fixed: what is not 64 characters long is no key to OpenWhisk clients. */
  key: z
    .string()
    .regex(/^[\w-]{1,64}:[\x21-\x7e]{64}$/, "must be 'uuid:secret' with a secret of 64 characters")
    .optional(),
  limits: Limits.optional(),
});

export function identityRoutes(app: App, root: string): void {
  app.post(`${root}/identities`, createIdentity);
  app.all(`${root}/identities`, methodNotAllowed("POST"));
}

async function createIdentity(c: AppContext): Promise<Response> {
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
  if (made === null) return respond(c, fail("already-exists"));
  return json(c, JSON.stringify({ subject, namespace, key: made.key }));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
