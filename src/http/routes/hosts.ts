// The hosts' doors: the socket to their scheduler, and the side door for what no frame takes. Bearer token of the host.

import { MAX_BODY } from "../../entities/limits.ts";
import { fail } from "../../errors.ts";
import { tooLarge } from "../body.ts";
import { begun } from "../code/stored-code.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { json, reply } from "../reply.ts";

/** How long a token that was good is taken for good (ms). */
const TOKEN_TTL = 5_000;
const MAX_TOKENS = 1_000;
const MAX_SHARD = 255;
const BOOT = /^[\w-]{1,64}$/;
const CODE_KEY = /^code\/[\w.:-]{1,200}(\/[\w.:-]{1,200}){0,3}$/;
const BLOB_KEY = /^(args|results|logs)\/[\w.:-]{1,200}(\/[\w.:-]{1,200}){0,3}$/;

interface Known {
  host: string;
  until: number;
}

export function hostRoutes(app: App): void {
  const tokens = new Map<string, Known>();
  app.use("/host/v1/*", async (c, next) => {
    const host = await hostOf(c, tokens);
    if (host === null) return respond(c, fail("bad-credentials"));
    c.set("host", host);
    return next();
  });
  app.get("/host/v1/connect", connect);
  app.get("/host/v1/code/:key{.+}", (c) => get(c, CODE_KEY));
  app.get("/host/v1/blobs/:key{.+}", (c) => get(c, BLOB_KEY));
  app.put("/host/v1/blobs/:key{.+}", put);
}

async function hostOf(c: AppContext, tokens: Map<string, Known>): Promise<string | null> {
  const header = c.req.raw.headers.get("Authorization");
  if (header === null || header.length > 512 || !header.startsWith("Bearer ")) return null;
  const token = header.slice(7);
  // A dial asks the Roster itself: a revoked host must not come back in.
  const known = c.req.path === "/host/v1/connect" ? undefined : tokens.get(token);
  if (known !== undefined && Date.now() < known.until) return known.host;
  const host = await c.get("services").roster().authenticate(token);
  if (host === null) return null;
  if (tokens.size >= MAX_TOKENS) tokens.clear();
  tokens.set(token, { host, until: Date.now() + TOKEN_TTL });
  return host;
}

/** The scheduler's object trusts these headers, so that they are made here and nothing of the request's own goes along. */
function connect(c: AppContext): Response | Promise<Response> {
  if (c.req.raw.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
    return respond(c, fail("bad-request", "A WebSocket upgrade is expected here."));
  }
  const shard = c.req.query("shard") ?? "0";
  if (!/^\d{1,3}$/.test(shard) || Number(shard) > MAX_SHARD) {
    return respond(c, fail("bad-request", `The shard must be 0 to ${MAX_SHARD}.`));
  }
  const boot = c.req.query("boot");
  if (boot !== undefined && !BOOT.test(boot)) return respond(c, fail("bad-request", "The boot id is malformed."));
  const asked = new URLSearchParams({ shard: String(Number(shard)) });
  if (boot !== undefined) asked.set("boot", boot);
  if (c.req.query("takeover") === "1") asked.set("takeover", "1");
  const host = c.get("host");
  const headers = { Upgrade: "websocket", "X-Edgewhisk-Host": host };
  const scheduler = c.get("services").schedulerSocket(`${host}/${Number(shard)}`);
  return scheduler.fetch(new Request(`https://scheduler/connect?${asked}`, { headers }));
}

async function get(c: AppContext, keys: RegExp): Promise<Response> {
  const key = c.req.param("key") ?? "";
  if (!keys.test(key)) return respond(c, fail("not-found"));
  const blob = await c.get("services").stores.blobs.get(key);
  if (blob === null) return respond(c, fail("not-found"));
  const body = await begun(blob, (work) => c.executionCtx.waitUntil(work));
  if (body === null) return respond(c, fail("not-found"));
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(blob.size) };
  return reply(c, body, { headers });
}

async function put(c: AppContext): Promise<Response> {
  const key = c.req.param("key") ?? "";
  if (!BLOB_KEY.test(key)) return respond(c, fail("not-found"));
  const { body, headers } = c.req.raw;
  const named = headers.get("Content-Length");
  const length = named === null ? {} : { length: Number(named) };
  if (body === null) return respond(c, fail("malformed-body", "A body is expected."));
  try {
    const size = await c.get("services").stores.blobs.putStream(key, body, { max: MAX_BODY, ...length });
    return json(c, JSON.stringify({ key, size }));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return respond(c, tooLarge(length.length ?? MAX_BODY + 1, MAX_BODY));
  }
}
