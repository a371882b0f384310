// /web/{ns}/{package|default}/{action}[.ext][/rest]: actions as web pages. Anybody may call; the action runs on behalf of
// the namespace's owner.

import { equalTexts } from "../../entities/credential.ts";
import type { Identity } from "../../entities/identity.ts";
import { MAX_WAIT } from "../../entities/limits.ts";
import { nameFault, namespaceFault } from "../../entities/names.ts";
import { errorMember } from "../../entities/outcome.ts";
import { mergeLayers, type RawJson, shapeOf } from "../../entities/raw-json.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { type Invoked, invoke } from "../../invocation/invoke.ts";
import type { ActionResolver } from "../../invocation/resolve.ts";
import type { ResolvedAction, WebExport } from "../../invocation/resolved-action.ts";
import { knownCaller } from "../authenticate.ts";
import { bytesOf, maxPayload, patienceWith } from "../body.ts";
import { clientAddress } from "../client-address.ts";
import type { App, AppContext } from "../context.ts";
import type { Identities, Owner } from "../identities.ts";
import { textOf } from "../pieces.ts";
import { GOOD_FOR } from "../still-good.ts";
import { answerOf } from "../web/answer.ts";
import { argumentsOf } from "../web/arguments.ts";
import { type Extension, type WebTarget, webTargetOf } from "../web/path.ts";
import { type Manners, pageOf, refusalOf, send } from "../web/reply.ts";

const PREFIX = "/api/v1/web/";
const METHODS = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]);
const NOTHING = new Uint8Array();

interface Doors {
  actions: ActionResolver;
  identities: Identities;
}

interface Found {
  owner: Owner;
  callable: ResolvedAction;
  web: WebExport;
}

export function isWebPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

export function webRoutes(app: App, doors: Doors): void {
  app.all(`${PREFIX}*`, (c) => serve(c, doors));
}

async function serve(c: AppContext, doors: Doors): Promise<Response> {
  const place = placeOf(c.req.raw.url);
  const open: Manners = { cors: true };
  if (!METHODS.has(c.req.method)) {
    return refusalOf(c, fail("method-not-allowed", [...METHODS].join(", ")), open);
  }
  if (place === null) return refusalOf(c, fail("not-found"), open);
  const found = await find(c, place.target, doors);
  if (!found.ok) return refusalOf(c, found, open);
  const { web, callable, owner } = found.value;
  const manners: Manners = { cors: !web.customOptions };
  const max = maxPayload(owner.identity.limits.maxPayloadSize);
  const isOptions = c.req.method === "OPTIONS";
  if (isOptions && manners.cors) return send(c, { status: 200, headers: [], body: null }, manners);
  const user = await knownCaller(c, doors.identities);
  if (!isOptions && !mayCall(web.auth, { user, key: c.req.raw.headers.get("X-Require-Whisk-Auth") })) {
    return refusalOf(c, fail("not-authenticated"), manners);
  }
  const began = Date.now();
  const sender = senderOf(c, { user, owner });
  const payload = await payloadOf(c, { rest: place.rest, user, web, frozen: callable.final, max, sender });
  if (!payload.ok) return refusalOf(c, payload, manners);
  // Nobody may have the namespace any more when a slow body has come.
  const again = Date.now() - began < GOOD_FOR ? found : await find(c, place.target, doors);
  if (!again.ok) return refusalOf(c, again, manners);
  const outcome = await run(c, found.value, { payload: payload.value, actions: doors.actions });
  if (!outcome.ok) return refusalOf(c, outcome, manners);
  return render(c, outcome, { extension: place.target.extension, manners: { ...manners, activationId: outcome.id } });
}

/** Whose late bodies count together: those of a key, else those from one address where it is known, else those for one namespace. */
function senderOf(c: AppContext, { user, owner }: { user: Identity | null; owner: Owner }): string {
  if (user !== null) return `key:${user.keyId || user.namespace.uuid}`;
  const address = clientAddress(c.req.raw.headers, c.get("settings").clientAddressHeader);
  return address === null ? `web:${owner.identity.namespace.uuid}` : `from:${address}`;
}

async function find(c: AppContext, target: WebTarget, { actions, identities }: Doors): Promise<Result<Found>> {
  const { namespace, package: bundle, action: name } = target;
  const fault = namespaceFault(namespace) ?? nameFault(name) ?? (bundle === null ? null : nameFault(bundle));
  if (fault !== null) return fail("not-found");
  const services = c.get("services");
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const owner = await identities.ofNamespace(services, namespace, later);
  if (owner === null) return fail("not-found");
  const path = bundle === null ? namespace : `${namespace}/${bundle}`;
  const caller = { namespace, epoch: owner.epoch };
  const found = await actions.find(services.context(later), { path, name }, caller);
  if (!found.ok) return found.code === "not-authorized" ? found : fail("not-found");
  const { web } = found.value;
  return web === null ? fail("not-found") : ok({ owner, callable: found.value, web });
}

async function payloadOf(
  c: AppContext,
  call: {
    rest: string;
    user: Identity | null;
    web: WebExport;
    frozen: ReadonlySet<string>;
    max: number;
    sender: string;
  },
): Promise<Result<RawJson>> {
  const request = c.req.raw;
  const { headers, url } = request;
  const bytes =
    request.body === null
      ? ok(NOTHING)
      : await bytesOf(request, { max: call.max, patience: patienceWith(c, call.sender) });
  if (!bytes.ok) return bytes;
  const mark = url.indexOf("?");
  const layers = argumentsOf(
    {
      method: request.method,
      headers,
      rest: call.rest,
      query: mark < 0 ? "" : url.slice(mark + 1),
      contentType: headers.get("Content-Type"),
      body: new Uint8Array(bytes.value),
      user: call.user?.namespace.name ?? null,
    },
    { raw: call.web.raw, frozen: call.frozen },
  );
  return layers.ok ? ok(mergeLayers(layers.value)) : layers;
}

async function run(
  c: AppContext,
  { owner, callable }: Found,
  { payload, actions }: { payload: RawJson; actions: ActionResolver },
): Promise<Invoked> {
  const context = c.get("services").context((later) => c.executionCtx.waitUntil(later));
  const work = invoke(context, actions, {
    ...owner,
    transactionId: c.get("transactionId"),
    action: callable,
    payload,
    payloadChecked: true,
    waitMs: MAX_WAIT,
    apiHost: new URL(c.req.url).origin,
  });
  c.executionCtx.waitUntil(work);
  return work;
}

async function render(
  c: AppContext,
  outcome: Extract<Invoked, { ok: true }>,
  { extension, manners }: { extension: Extension; manners: Manners },
): Promise<Response> {
  if (outcome.kind === "accepted") {
    return refusalOf(c, { ...fail("bad-request", "Response not yet ready."), status: 202 }, manners);
  }
  const { record } = outcome;
  if (record.statusCode > 1) {
    return refusalOf(c, fail("bad-request", "There was an error processing your request."), manners);
  }
  const whole = await textOf(record.result, c.get("services").stores.blobs);
  const result = record.statusCode === 0 ? whole : errorMember(whole);
  if (result === undefined) return refusalOf(c, fail("response-field-missing"), manners);
  const answer = answerOf(result, extension);
  return answer.ok ? pageOf(c, answer.value, manners) : refusalOf(c, answer, manners);
}

/** What the annotation `require-whisk-auth` asks for: a secret in a header, or a caller who is known. */
function mayCall(wanted: RawJson | undefined, given: { user: Identity | null; key: string | null }): boolean {
  if (wanted === undefined) return true;
  switch (shapeOf(wanted)) {
    case "boolean":
      return wanted.trim() === "false" || given.user !== null;
    case "string":
      return given.key !== null && equalTexts(given.key, JSON.parse(wanted) as string);
    case "number":
      return given.key !== null && equalTexts(given.key, wanted.trim());
    default:
      return false;
  }
}

/** What the router has seen as the prefix may be written with escapes. */
const BEHIND_PREFIX = /^(?:\/[^/]+){3}\/([^/]+)\/([^/]+)\/([^/]+)(.*)$/s;

/** Segments are decoded one by one; what follows the third is handed on as it came. */
function placeOf(url: string): { target: WebTarget; rest: string } | null {
  const match = BEHIND_PREFIX.exec(new URL(url).pathname);
  if (match === null) return null;
  try {
    const target = webTargetOf(match.slice(1, 4).map(decodeURIComponent));
    return target === null ? null : { target, rest: match[4] ?? "" };
  } catch {
    return null;
  }
}
