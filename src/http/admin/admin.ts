// The admin API: Bearer ADMIN_TOKEN opens it; without that secret it is closed to everybody.

import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import { isName } from "../../entities/names.ts";
import { sameSecret } from "../../entities/sealing.ts";
import { bytesOfSize } from "../../entities/size.ts";
import { type Failure, fail, ok, type Result } from "../../errors.ts";
import type { SchedulerName } from "../../protocol/rpc.ts";
import type { Services } from "../../services.ts";
import { payloadOf } from "../body.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";
import { withDifferences } from "./differences.ts";

const ROOT = "/admin/v1";
const MAX_BODY = 64 * 1024;

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

const NewHost = z.strictObject({ name: z.string(), rotate: z.boolean().optional() });

export function adminRoutes(app: App): void {
  app.use("/admin/*", guard);
  app.post(`${ROOT}/identities`, createIdentity);
  app.all(`${ROOT}/identities`, methodNotAllowed("POST"));
  app.post(`${ROOT}/hosts`, createHost);
  app.get(`${ROOT}/hosts`, async (c) => json(c, JSON.stringify(await c.get("services").roster().hosts())));
  app.all(`${ROOT}/hosts`, methodNotAllowed("GET, POST"));
  app.delete(`${ROOT}/hosts/:name`, revokeHost);
  app.all(`${ROOT}/hosts/:name`, methodNotAllowed("DELETE"));
  app.get(`${ROOT}/schedulers`, async (c) =>
    json(c, JSON.stringify(withDifferences(await c.get("services").roster().schedulers()))),
  );
  app.all(`${ROOT}/schedulers`, methodNotAllowed("GET"));
  app.get(`${ROOT}/schedulers/:host/:shard`, scheduler);
  app.all(`${ROOT}/schedulers/:host/:shard`, methodNotAllowed("GET"));
}

const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const wanted = c.env.ADMIN_TOKEN ?? "";
  if (wanted === "") return respond(c, fail("admin-closed"));
  const given = c.req.raw.headers.get("Authorization");
  if (given === null) return refuse(c, fail("not-authenticated"));
  const token = /^bearer\s+(\S+)\s*$/i.exec(given)?.[1] ?? "";
  return (await sameSecret(token, wanted)) ? next() : refuse(c, fail("bad-credentials"));
};

function refuse(c: AppContext, failure: Failure): Response {
  const response = respond(c, failure);
  response.headers.set("WWW-Authenticate", 'Bearer realm="edgewhisk administration"');
  return response;
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

async function createHost(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, NewHost);
  if (!body.ok) return respond(c, body);
  const { name, rotate = false } = body.value;
  const services = c.get("services");
  const lines = rotate ? await linesOf(services, name) : [];
  const made = await services.roster().createHost(name, { rotate });
  if (made.kind === "bad-name") return respond(c, fail("bad-request", `The name of a host has ${made.rule}.`));
  if (made.kind === "exists") return respond(c, fail("host-exists", name));
  await cut(services, lines);
  return json(c, JSON.stringify({ name, token: made.token }));
}

/** What one scheduler does now: it is asked itself. */
async function scheduler(c: AppContext): Promise<Response> {
  const name = `${c.req.param("host")}/${c.req.param("shard")}`;
  const services = c.get("services");
  const known = (await services.roster().schedulers()).some((entry) => entry.scheduler === name);
  return known ? json(c, JSON.stringify(await services.scheduler(name).status())) : respond(c, fail("not-found"));
}

async function revokeHost(c: AppContext): Promise<Response> {
  const name = c.req.param("name") ?? "";
  const services = c.get("services");
  const lines = await linesOf(services, name);
  const gone = await services.roster().revokeHost(name);
  await cut(services, lines);
  return gone ? json(c, JSON.stringify({ name })) : respond(c, fail("not-found"));
}

async function linesOf(services: Services, host: string): Promise<SchedulerName[]> {
  const all = await services.roster().schedulers();
  return all.filter((entry) => entry.host === host).map((entry) => entry.scheduler);
}

/** A line that was open before its token went would stay open. */
async function cut(services: Services, lines: readonly SchedulerName[]): Promise<void> {
  await Promise.all(lines.map((name) => services.scheduler(name).expel()));
}

async function bodyOf<T>(c: AppContext, schema: z.ZodType<T>): Promise<Result<T>> {
  const text = await payloadOf(c, MAX_BODY);
  if (!text.ok) return text;
  const parsed = schema.safeParse(JSON.parse(text.value ?? "{}"));
  if (parsed.success) return ok(parsed.data);
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  return fail("malformed-body", reasons.slice(0, 5).join("\n"));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
