// A web request from its address to its answer. Anybody may call; the action runs on behalf of the namespace's owner.

import { MAX_WAIT } from "../../entities/limits.ts";
import type { RawJson } from "../../entities/raw-json.ts";
import type { ScopedName } from "../../entities/scope.ts";
import { fail } from "../../errors.ts";
import { type Invoked, invoke } from "../../invocation/invoke.ts";
import { callerWith, knownCaller } from "../authenticate.ts";
import { authorOf } from "../author.ts";
import type { AppContext } from "../context.ts";
import { GOOD_FOR_MS } from "../still-good.ts";
import { accessFault } from "./access.ts";
import { type WebAction, type WebParts, webActionOf } from "./action.ts";
import { outcomePage } from "./outcome.ts";
import { type WebTarget, webPlaceOf } from "./path.ts";
import { webPayloadOf } from "./payload.ts";
import { type Manners, refusalOf, send } from "./reply.ts";

export const WEB_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] as const;

const METHODS: ReadonlySet<string> = new Set(WEB_METHODS);

export async function serveWeb(c: AppContext, parts: WebParts): Promise<Response> {
  const place = webPlaceOf(c.req.raw.url);
  const open: Manners = { cors: true };
  if (!METHODS.has(c.req.method)) return refusalOf(c, fail("method-not-allowed", WEB_METHODS.join(", ")), open);
  if (place === null) return refusalOf(c, fail("not-found"), open);
  const found = await webActionOf(c, place.target, parts);
  if (!found.ok) return refusalOf(c, found, open);
  const { web, owner } = found.value;
  c.get("queue").seen(owner.identity.namespace.uuid, Date.now());
  const manners: Manners = { cors: !web.customOptions };
  const isOptions = c.req.method === "OPTIONS";
  if (isOptions && manners.cors) return send(c, { status: 200, headers: [], body: null }, manners);
  const user = await knownCaller(c, parts.identities);
  const key = c.req.raw.headers.get("X-Require-Whisk-Auth");
  const beyond = isOptions ? null : accessFault(web.auth, { user, key, action: nameOf(place.target) });
  if (beyond !== null) return refusalOf(c, beyond, manners);
  const began = Date.now();
  const payload = await webPayloadOf(c, found.value, { rest: place.rest, user });
  if (!payload.ok) return refusalOf(c, payload, manners);
  // Nobody may have the namespace any more when a slow body has come.
  const again = Date.now() - began < GOOD_FOR_MS ? found : await webActionOf(c, place.target, parts);
  if (!again.ok) return refusalOf(c, again, manners);
  const outcome = await run(c, found.value, { payload: payload.value, parts });
  if (!outcome.ok) return refusalOf(c, outcome, manners);
  const { extension } = place.target;
  return outcomePage(c, outcome, { extension, manners: { ...manners, activationId: outcome.id } });
}

async function run(
  c: AppContext,
  { owner, action }: WebAction,
  { payload, parts }: { payload: RawJson; parts: WebParts },
): Promise<Invoked> {
  const context = c.get("services").context(
    (later) => c.executionCtx.waitUntil(later),
    () => authorOf(c),
  );
  const work = invoke(context, parts.actions, {
    ...owner,
    transactionId: c.get("transactionId"),
    action,
    payload,
    payloadChecked: true,
    waitMs: MAX_WAIT,
    apiHost: new URL(c.req.url).origin,
    origin: { source: "web" },
    callerWith: (key) => callerWith(c, parts.identities, key),
  });
  c.executionCtx.waitUntil(work);
  return work;
}

function nameOf({ namespace, package: bundle, action }: WebTarget): ScopedName {
  return { path: bundle === null ? namespace : `${namespace}/${bundle}`, name: action };
}
