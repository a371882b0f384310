// The hosts' doors: the socket to their scheduler, and the blob API for what no frame takes. Bearer token of the host.

import { fail } from "../../errors.ts";
import { begun } from "../begun.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { ABOUT_HEADER, type BlobPorts, LEASE_HEADER, readBlob, writeBlob } from "../host-blobs.ts";
import { json, reply } from "../reply.ts";
import { GOOD_FOR } from "../still-good.ts";

/** How long a token that was good is taken for good (ms): as long as a caller's key. */
const TOKEN_TTL = GOOD_FOR;
const MAX_TOKENS = 1_000;
const BOOT = /^[\w-]{1,64}$/;

interface Known {
  host: string;
  shards: number;
  until: number;
}

export function hostRoutes(app: App): void {
  const tokens = new Map<string, Known>();
  app.use("/host/v1/*", async (c, next) => {
    const known = await hostOf(c, tokens);
    if (known === null) return respond(c, fail("bad-credentials"));
    c.set("host", known.host);
    c.set("shards", known.shards);
    return next();
  });
  app.get("/host/v1/connect", connect);
  app.get("/host/v1/code/:key{.+}", (c) => get(c, "code"));
  app.get("/host/v1/blobs/:key{.+}", (c) => get(c, "blobs"));
  app.put("/host/v1/blobs/:key{.+}", put);
}

async function hostOf(c: AppContext, tokens: Map<string, Known>): Promise<Omit<Known, "until"> | null> {
  const header = c.req.raw.headers.get("Authorization");
  if (header === null || header.length > 512 || !header.startsWith("Bearer ")) return null;
  const token = header.slice(7);
  // A dial asks the Roster itself: a revoked host must not come back in.
  const known = c.req.path === "/host/v1/connect" ? undefined : tokens.get(token);
  if (known !== undefined && Date.now() < known.until) return known;
  const good = await c.get("services").roster().authenticate(token);
  if (good === null) return null;
  if (tokens.size >= MAX_TOKENS) tokens.clear();
  tokens.set(token, { ...good, until: Date.now() + TOKEN_TTL });
  return good;
}

/** The scheduler's object trusts these headers, so that they are made here and nothing of the request's own goes along. */
function connect(c: AppContext): Response | Promise<Response> {
  if (c.req.raw.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
    return respond(c, fail("bad-request", "A WebSocket upgrade is expected here."));
  }
  const shard = c.req.query("shard") ?? "0";
  if (!/^\d{1,2}$/.test(shard)) return respond(c, fail("bad-request", "The shard must be a number from 0 on."));
  if (Number(shard) >= c.get("shards")) return respond(c, fail("beyond-token", String(c.get("shards"))));
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

async function get(c: AppContext, door: "code" | "blobs"): Promise<Response> {
  const found = await readBlob(portsOf(c), door, c.req.param("key") ?? "");
  if (!found.ok) return respond(c, found);
  const body = await begun(found.value, (work) => c.executionCtx.waitUntil(work));
  if (body === null) return respond(c, fail("not-found"));
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(found.value.size) };
  return reply(c, body, { headers });
}

async function put(c: AppContext): Promise<Response> {
  const key = c.req.param("key") ?? "";
  const { body, headers } = c.req.raw;
  if (body === null) return respond(c, fail("malformed-body", "A body is expected."));
  const named = headers.get("Content-Length");
  const written = await writeBlob(portsOf(c), key, {
    body,
    length: named === null ? null : Number(named),
    lease: headers.get(LEASE_HEADER),
    about: headers.get(ABOUT_HEADER),
  });
  return written.ok ? json(c, JSON.stringify({ key, size: written.value })) : respond(c, written);
}

function portsOf(c: AppContext): BlobPorts {
  const services = c.get("services");
  return {
    host: c.get("host"),
    now: Date.now(),
    proofs: services.proofs,
    blobs: services.stores.blobs,
    schedulers: () => services.roster().schedulers(),
    scheduler: (name) => services.scheduler(name),
  };
}
