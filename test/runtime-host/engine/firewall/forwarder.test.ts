// The containers' door to the API: its paths and nothing else.

import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiPath, type Forwarder, startForwarder } from "../../../../runtime-host/engine/firewall/forwarder.ts";

describe("the path", () => {
  it.each([
    ["/api/v1", "/api/v1"],
    ["/api/v1/namespaces/_/actions/a?blocking=true&x=%2F", "/api/v1/namespaces/_/actions/a?blocking=true&x=%2F"],
    ["/api/v1/x/../y", "/api/v1/y"],
    ["/api/v1/web/ns/pack%2Fage/act.http", "/api/v1/web/ns/pack%2Fage/act.http"],
  ])("%s is the API's", (url, path) => {
    expect(apiPath(url)).toBe(path);
  });

  it.each([
    "/",
    "/api/v10/x",
    "/admin/v1/hosts",
    "/host/v1/connect",
    "/cdn-cgi/local/r2",
    "/api/v1/../../admin",
    "/api/v1/%2e%2e/%2E%2e/admin",
    "/api/v1\\..\\..\\admin",
    "//api/v1/x",
    "http://elsewhere/api/v1/x",
    "/%61pi/v1/x",
    "*",
    "",
  ])("%s is not", (url) => {
    expect(apiPath(url)).toBeNull();
  });
});

describe("the forwarder", () => {
  let api: Server;
  let forwarder: Forwarder;
  const seen: { host: string | undefined; headers: Record<string, unknown>; body: string }[] = [];

  beforeAll(async () => {
    api = createServer(async (incoming, response) => {
      let body = "";
      for await (const chunk of incoming) body += chunk;
      seen.push({ host: incoming.headers.host, headers: incoming.headers, body });
      response.writeHead(201, { "x-back": "1", "set-cookie": ["a=1", "b=2"] });
      response.end(`got ${body}`);
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    forwarder = await startForwarder({
      listen: "127.0.0.1",
      target: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      whose: () => null,
    });
  });
  afterAll(async () => {
    await forwarder.close();
    api.close();
  });

  it("passes a request and its answer on, claims about the caller left out", async () => {
    const answer = await fetch(`${forwarder.url}/api/v1/x?y=1`, {
      method: "POST",
      body: "hello",
      headers: {
        authorization: "Basic abc",
        "cf-connecting-ip": "127.0.0.1",
        "x-forwarded-for": "127.0.0.1",
        "x-own": "1",
      },
    });
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe("got hello");
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const [last] = seen.slice(-1);
    expect(last?.host).toBe(`127.0.0.1:${(api.address() as AddressInfo).port}`);
    expect(last?.headers).toMatchObject({ authorization: "Basic abc", "x-own": "1" });
    expect(last?.headers["cf-connecting-ip"]).toBeUndefined();
    expect(last?.headers["x-edgewhisk-from-container"]).toBe("1");
    expect(last?.headers["x-forwarded-for"]).toBeUndefined();
  });

  it("answers 404 in JSON for everything else, without asking the API", async () => {
    const before = seen.length;
    const answer = await fetch(`${forwarder.url}/admin/v1/hosts`, { method: "POST", body: "x" });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: "The requested resource could not be found." });
    expect(seen.length).toBe(before);
  });

  it("does not upgrade connections", async () => {
    const { port } = new URL(forwarder.url);
    const ended = await new Promise<string>((resolve) => {
      const call = request({
        port,
        host: "127.0.0.1",
        path: "/api/v1/x",
        headers: { connection: "upgrade", upgrade: "websocket" },
      });
      call.on("upgrade", () => resolve("upgraded"));
      call.on("error", () => resolve("refused"));
      call.end();
    });
    expect(ended).toBe("refused");
  });

  it("listens again where it did, unless another is there", async () => {
    const open = (port: number) =>
      startForwarder({ listen: "127.0.0.1", port, target: "http://127.0.0.1:9", whose: () => null });
    const first = await open(0);
    await first.close();
    const second = await open(first.port);
    expect(second.port).toBe(first.port);
    const third = await open(first.port);
    expect(third.port).not.toBe(first.port);
    expect((await fetch(`${third.url}/`)).status).toBe(404);
    await Promise.all([second.close(), third.close()]);
  });

  it("says so when the API does not answer", async () => {
    const lonely = await startForwarder({
      listen: "127.0.0.1",
      target: "http://127.0.0.1:9",
      whose: () => null,
    });
    const answer = await fetch(`${lonely.url}/api/v1/x`);
    expect(answer.status).toBe(502);
    await lonely.close();
  });
});
