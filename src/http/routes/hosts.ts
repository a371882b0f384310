// What hosts ask for: the socket to their scheduler, and the blob API for what no frame takes.
// Bearer token of the host.

import { fail } from "../../errors.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { begun } from "../hosts/begun.ts";
import { readBlob, writeBlob } from "../hosts/blobs.ts";
import { dialOf } from "../hosts/connect.ts";
import { blobPortsOf, writtenOf } from "../hosts/request.ts";
import { fireFor, type SubscriptionParts, takeTurn } from "../hosts/subscriptions.ts";
import { HostTokens } from "../hosts/tokens.ts";
import { json, reply } from "../reply.ts";
import { GOOD_FOR_MS } from "../still-good.ts";

const CONNECT = "/host/v1/connect";

export function hostRoutes(app: App, parts: SubscriptionParts): void {
  const tokens = new HostTokens({ goodFor: GOOD_FOR_MS });
  app.use("/host/v1/*", async (c, next) => {
    const ask = (token: string) => c.get("services").roster().authenticate(token);
    // A dial asks the Roster itself: a revoked host must not come back in.
    const options = { afresh: c.req.path === CONNECT, now: Date.now, ask };
    const known = await tokens.find(c.req.raw.headers.get("Authorization"), options);
    if (known === null) return respond(c, fail("bad-credentials"));
    c.set("host", known.host);
    c.set("shards", known.shards);
    return next();
  });
  app.get(CONNECT, connect);
  app.get("/host/v1/code/:key{.+}", (c) => get(c, "code"));
  app.get("/host/v1/blobs/:key{.+}", (c) => get(c, "blobs"));
  app.put("/host/v1/blobs/:key{.+}", put);
  app.post("/host/v1/subscriptions", async (c) => answer(c, await takeTurn(c, parts), JSON.stringify));
  app.post("/host/v1/subscriptions/fires", async (c) => answer(c, await fireFor(c, parts), JSON.stringify));
}

function connect(c: AppContext): Response | Promise<Response> {
  const asked = { upgrade: c.req.raw.headers.get("Upgrade"), query: (name: string) => c.req.query(name) };
  const dial = dialOf({ host: c.get("host"), shards: c.get("shards") }, asked);
  if (!dial.ok) return respond(c, dial);
  return c.get("services").schedulerSocket(dial.value.scheduler).fetch(dial.value.request);
}

async function get(c: AppContext, area: "code" | "blobs"): Promise<Response> {
  const found = await readBlob(blobPortsOf(c), area, c.req.param("key") ?? "");
  if (!found.ok) return respond(c, found);
  const body = await begun(found.value, (work) => c.executionCtx.waitUntil(work));
  if (body === null) return respond(c, fail("not-found"));
  const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(found.value.size) };
  return reply(c, body, { headers });
}

async function put(c: AppContext): Promise<Response> {
  const key = c.req.param("key") ?? "";
  const asked = writtenOf(c.req.raw);
  const written = asked.ok ? await writeBlob(blobPortsOf(c), key, asked.value) : asked;
  return written.ok ? json(c, JSON.stringify({ key, size: written.value })) : respond(c, written);
}
