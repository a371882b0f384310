// A delivery from its address to its answer. The order is the order of cost and of trust: whose address, how often, how
// much, whose signature, and only then what is in it.

import { newActivationId } from "../../entities/activation-id.ts";
import type { RawJson } from "../../entities/raw-json.ts";
import { hexOf, sha256 } from "../../entities/sha256.ts";
import { fail } from "../../errors.ts";
import { deliveryId, handshakeOf } from "../../events/delivery.ts";
import { passes } from "../../events/filter.ts";
import { payloadOf } from "../../events/payload.ts";
import { checkSignature, REPLAY_WINDOW_MS } from "../../events/signature.ts";
import type { FanOut } from "../../invocation/fan-out.ts";
import { type Fired, fire } from "../../invocation/fire.ts";
import type { Triggers } from "../../invocation/triggers.ts";
import type { Once } from "../../protocol/fire.ts";
import { authorOf } from "../author.ts";
import { bytesOf, patienceWith } from "../body.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { json, reply } from "../reply.ts";
import type { OpenWebhook, Webhooks } from "./find.ts";
import { serveEvents } from "./serve-events.ts";

export interface WebhookParts {
  webhooks: Webhooks;
  triggers: Triggers;
  fanOut: FanOut;
}

const METHODS = "POST, OPTIONS";
/** Deliveries known of one webhook: what may come in the window, and some. */
const MAX_KNOWN = 100_000;
const SECRET_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie"]);

export async function serveWebhook(c: AppContext, parts: WebhookParts): Promise<Response> {
  const { method } = c.req;
  if (method !== "POST" && method !== "OPTIONS")
    return refuse(c, fail("method-not-allowed", METHODS), { Allow: METHODS });
  const now = Date.now();
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const found = await parts.webhooks.find(c.get("services"), c.req.param("token") ?? "", { later, now });
  if (found === null) return respond(c, fail("not-found"));
  if (method === "OPTIONS") return consent(c, found);
  const { owner } = found;
  if (owner === null) return respond(c, fail("webhook-gone"));
  c.get("queue").seen(found.webhook.namespaceId, now);
  const permit = await c
    .get("services")
    .throttle(found.webhook.namespaceId)
    .pass(found.webhook.id, found.settings.maxPerMinute);
  if (!permit.ok) return tooOften(c, permit, now);
  const body = await bytesOf(c.req.raw, { max: found.settings.maxBytes, patience: patienceWith(c, found.webhook.id) });
  if (!body.ok) return respond(c, body);
  const request = { headers: c.req.raw.headers, body: new Uint8Array(body.value), now };
  const signed = await checkSignature(found.settings, found.secrets, request);
  if (!signed.ok) return respond(c, signed);
  const { events } = found.settings;
  if (events !== undefined) {
    const outcome = await serveEvents(c, { ...found, owner, shard: events.shard }, { ...parts, ...request });
    return outcome instanceof Response ? outcome : refused(c, outcome, now);
  }
  const delivery = payloadOf(request.body, request.headers.get("Content-Type"));
  if (!delivery.ok) return respond(c, delivery);
  const payload = delivery.value;
  const told = { headers: c.req.raw.headers, payload };
  const question = handshakeOf(found.settings, told);
  if (question !== null) return json(c, question);
  if (!passes(found.settings.filter, told)) return taken(c, found, { status: 204, id: null });
  const work = fired(c, found, { owner, payload, parts, now });
  later(work);
  const outcome = await work;
  if (!outcome.ok) return refused(c, outcome, now);
  return taken(c, found, outcome.kind === "idle" ? { status: 204, id: null } : { status: 202, id: outcome.id });
}

interface Firing {
  owner: NonNullable<OpenWebhook["owner"]>;
  payload: RawJson;
  parts: WebhookParts;
  now: number;
}

/** Deliveries with the same id go to the same store, which knows the first. */
function fired(
  c: AppContext,
  { webhook, settings }: OpenWebhook,
  { owner, payload, parts, now }: Firing,
): Promise<Fired> {
  const services = c.get("services");
  const key = deliveryId(settings, { headers: c.req.raw.headers, payload });
  const known = key === undefined ? {} : onceOf(webhook.id, { key, now, shards: c.get("settings").shards });
  return fire(
    services.context(
      (work) => c.executionCtx.waitUntil(work),
      () => authorOf(c),
    ),
    parts,
    {
      ...owner,
      ...known,
      transactionId: c.get("transactionId"),
      trigger: { path: webhook.namespace, name: webhook.trigger },
      payload,
      headers: [...c.req.raw.headers].filter(([name]) => !SECRET_HEADERS.has(name)),
      apiHost: new URL(c.req.url).origin,
    },
  );
}

function onceOf(scope: string, { key, now, shards }: { key: string; now: number; shards: number }) {
  const shard = Number.parseInt(hexOf(sha256(`${scope}\0${key}`), 1), 16) % shards;
  const once: Once = { scope, key, forMs: REPLAY_WINDOW_MS, max: Math.ceil(MAX_KNOWN / shards) };
  return { id: newActivationId(now, shard), once };
}

/** Slack shows its people what it is answered: nothing. */
function taken(
  c: AppContext,
  { settings }: OpenWebhook,
  { status, id }: { status: number; id: string | null },
): Response {
  if (settings.signature === "slack") return reply(c, null, { status: 200 });
  return id === null ? reply(c, null, { status }) : json(c, JSON.stringify({ activationId: id }), { status });
}

/** CloudEvents' question whether its sender may send: yes, so often. */
function consent(c: AppContext, { settings }: OpenWebhook): Response {
  const origin = c.req.raw.headers.get("WebHook-Request-Origin");
  if (origin === null) return reply(c, null, { headers: { Allow: METHODS } });
  const headers = { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": String(settings.maxPerMinute) };
  return reply(c, null, { headers: { ...headers, Allow: METHODS } });
}

function tooOften(c: AppContext, { count, allowed }: { count: number; allowed: number }, now: number): Response {
  return refused(c, fail("too-many-requests", `count: ${count}, allowed: ${allowed}`), now);
}

/** A trigger that is gone does not come back for its senders; what is too much now may be told when to come again. */
function refused(c: AppContext, failure: Exclude<Fired, { ok: true }>, now: number): Response {
  if (failure.code === "not-found" || failure.code === "wrong-collection") return respond(c, fail("webhook-gone"));
  const left = failure.code === "too-many-requests" ? Math.ceil((60_000 - (now % 60_000)) / 1_000) : null;
  return refuse(c, failure, left === null ? {} : { "Retry-After": String(left) });
}

function refuse(c: AppContext, failure: Exclude<Fired, { ok: true }>, headers: Record<string, string>): Response {
  const answer = respond(c, failure);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer;
}
