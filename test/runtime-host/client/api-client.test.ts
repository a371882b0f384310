// The client of both APIs against a server of its own: what arrives there, and what each failure is called.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { createApiClient } from "../../../runtime-host/client/api-client.ts";

let server: Server;
let url: string;
const seen: unknown[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method, url: path = "", headers } = request;
    seen.push([method, path, headers.authorization, (await request.toArray()).join("")]);
    const status = Number(/^\/(\d+)/.exec(path)?.[1] ?? "200");
    if (path === "/hangs-up") return response.destroy();
    if (path === "/moved") return response.writeHead(302, { location: "http://127.0.0.1:2/" }).end();
    if (path === "/text") return response.end("no JSON");
    response.writeHead(status).end(JSON.stringify(status < 400 ? { n: 1 } : { error: "Not so." }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const N = z.object({ n: z.number() });
const byKey = () => createApiClient(url, { kind: "key", key: "a:b" });
const byToken = () => createApiClient(url, { kind: "admin", token: "t" });

it("sends a key or a token with each request, and reads the answer", async () => {
  expect(await byKey().ask("PUT", "/x?y=1", { body: { z: 1 }, schema: N })).toEqual({ ok: true, value: { n: 1 } });
  expect(seen.at(-1)).toEqual(["PUT", "/x?y=1", `Basic ${btoa("a:b")}`, '{"z":1}']);
  expect((await byToken().ask("GET", "/x", { schema: N })).ok).toBe(true);
  expect(seen.at(-1)).toEqual(["GET", "/x", "Bearer t", ""]);
});

it.each<[string, number, (url: string) => string]>([
  ["/401", 401, (url) => `${url} does not accept this key`],
  ["/403?x=1", 403, () => "/403 answered 403: Not so"],
  ["/404", 404, () => "/404 answered 404: Not so"],
  ["/503", 503, () => "/503 answered 503: Not so"],
  ["/text", 200, () => "/text answered 200 without what was asked for"],
  ["/hangs-up", 0, (url) => `${url} does not answer: other side closed`],
  ["/moved", 0, (url) => `${url} does not answer: unexpected redirect`],
])("of %s says what it is", async (path, status, reason) => {
  const reply = await byKey().ask("GET", path, { schema: N });
  expect(reply).toMatchObject({ ok: false, status, reason: reason(url) });
});

it("calls a token a token, and names the way out where nobody listens", async () => {
  expect(await byToken().ask("GET", "/401", { schema: N })).toMatchObject({
    reason: `${url} does not accept this admin token`,
  });
  const nobody = createApiClient("http://127.0.0.1:2", { kind: "key", key: "a:b" });
  const failure = await nobody.ask("GET", "/", { schema: N });
  expect(failure).toMatchObject({ ok: false, status: 0 });
  expect(failure.ok ? "" : failure.reason).toMatch(
    /^http:\/\/127\.0\.0\.1:2 does not answer: connect ECONNREFUSED.*: start a platform there \(edgewhisk start\), or name another/,
  );
  expect(await nobody.open("/", {})).toMatchObject({ ok: false, status: 0 });
});

it("opens a stream, or says why not", async () => {
  const opened = await byKey().open("/x", { accept: "text/event-stream" });
  expect(opened.ok ? await new Response(opened.value).text() : "").toBe('{"n":1}');
  expect(await byKey().open("/404", {})).toMatchObject({ ok: false, status: 404, body: { error: "Not so." } });
});
