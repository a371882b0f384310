// The hosts' doors: who may dial, what the side door takes and gives, and what the fleet looks like from outside.

import { describe, expect, it } from "vitest";
import { ask, stores } from "../support/client.worker.ts";
import { FakeHost, platform, roster } from "../support/fake-host.worker.ts";

const LEVEL = {
  level: "containers" as const,
  engine: "docker 28",
  cgroup: 2,
  seccomp: true,
  firewall: false,
  userNamespaces: false,
  diskQuota: false,
  lacks: ["confined: firewall (iptables is not there)"],
};

async function tokenOf(name: string): Promise<string> {
  const made = await roster().createHost(name, { rotate: true });
  if (made.kind !== "made") throw new Error("no token");
  return made.token;
}

function withToken(path: string, token: string, init: RequestInit = {}): Promise<Response> {
  return platform(path, { ...init, headers: { ...(init.headers as object), Authorization: `Bearer ${token}` } });
}

describe("dialling in", () => {
  it.each(["", "Bearer wrong", "Basic abc"])("is refused with Authorization: %s", async (Authorization) => {
    const { status } = await platform("/host/v1/connect", { headers: { Authorization, Upgrade: "websocket" } });
    expect(status).toBe(401);
  });

  it("needs an upgrade and a shard in bounds", async () => {
    const token = await tokenOf("picky");
    expect((await withToken("/host/v1/connect", token)).status).toBe(400);
    for (const shard of ["-1", "x", "256"]) {
      const { status } = await withToken(`/host/v1/connect?shard=${shard}`, token, {
        headers: { Upgrade: "websocket" },
      });
      expect(status).toBe(400);
    }
  });

  it("is refused to a revoked host at once", async () => {
    const token = await tokenOf("revoked");
    expect((await withToken("/host/v1/blobs/args/a/b", token)).status).toBe(404);
    await roster().revokeHost("revoked");
    const { status } = await withToken("/host/v1/connect", token, { headers: { Upgrade: "websocket" } });
    expect(status).toBe(401);
  });

  it("shows the administrator what the host's scheduler does", async () => {
    const host = await FakeHost.dial({ name: "watched", kinds: ["nodejs:22"], memory: 512 });
    await expect.poll(async () => (await roster().schedulers()).map((entry) => entry.scheduler)).toContain("watched/0");
    const headers = { Authorization: "Bearer test-admin-token" };
    const status = await platform("/admin/v1/schedulers/watched/0", { headers });
    expect(await status.json()).toMatchObject({ name: "watched/0", ready: true, memory: 512, used: 0, running: 0 });
    expect((await platform("/admin/v1/schedulers/watched/9", { headers })).status).toBe(404);
    expect((await platform("/admin/v1/schedulers/watched/0", { method: "POST", headers })).status).toBe(405);
    await platform("/admin/v1/hosts/watched", { method: "DELETE", headers });
    await expect.poll(() => host.closed).toBe(true);
  });

  it("shows what is impaired there, and the security level, while it goes on counting as up", async () => {
    const host = await FakeHost.dial({ name: "limping", kinds: ["nodejs:22"], security: LEVEL });
    const entry = async () => (await roster().schedulers()).find(({ scheduler }) => scheduler === "limping/0");
    await expect.poll(entry).toMatchObject({ security: LEVEL });
    host.send({ t: "health", memory: 2048, impaired: "images cannot be pulled from r.example: refused" });
    await expect.poll(async () => (await entry())?.impaired).toBe("images cannot be pulled from r.example: refused");
    const headers = { Authorization: "Bearer test-admin-token" };
    const shown = await (await platform("/admin/v1/schedulers", { headers })).json();
    expect(shown).toContainEqual(expect.objectContaining({ scheduler: "limping/0", security: LEVEL }));
    expect((await entry())?.unhealthy).toBeUndefined();
    host.send({ t: "health", memory: 2048 });
    await expect.poll(async () => (await entry())?.impaired).toBeUndefined();
    await platform("/admin/v1/hosts/limping", { method: "DELETE", headers });
    await expect.poll(() => host.closed).toBe(true);
  });

  it("ends for a revoked host whose line was open", async () => {
    const host = await FakeHost.dial({ name: "expelled", kinds: ["nodejs:22"] });
    const known = async () => (await roster().schedulers()).map((entry) => entry.scheduler);
    await expect.poll(known).toContain("expelled/0");
    const { status } = await platform("/admin/v1/hosts/expelled", {
      method: "DELETE",
      headers: { Authorization: "Bearer test-admin-token" },
    });
    expect(status).toBe(200);
    await expect.poll(() => host.closed).toBe(true);
    await expect.poll(known).not.toContain("expelled/0");
  });

  it("lets one process of a host in at a time, and another in its place only where that is said", async () => {
    const host = await FakeHost.dial({ name: "single", kinds: ["nodejs:22"] });
    const dial = (query: string) =>
      withToken(`/host/v1/connect?shard=0${query}`, host.token, { headers: { Upgrade: "websocket" } });
    const second = await dial("&boot=another");
    expect(second.status).toBe(409);
    expect(await second.json()).toEqual({ error: expect.stringMatching(/^another process of this host is connected/) });
    expect((await dial("&boot=a/b")).status).toBe(400);
    const { webSocket } = await dial("&boot=another&takeover=1");
    webSocket?.accept();
    await expect.poll(() => [host.closed, host.closedWith]).toEqual([true, 1008]);
    webSocket?.close();
    await roster().revokeHost("single");
  });

  it("lets a process that dials again replace its own line", async () => {
    const host = await FakeHost.dial({ name: "again", kinds: ["nodejs:22"] });
    const path = `/host/v1/connect?shard=0&boot=${host.boot}`;
    const { status, webSocket } = await withToken(path, host.token, { headers: { Upgrade: "websocket" } });
    expect(status).toBe(101);
    webSocket?.accept();
    await expect.poll(() => [host.closed, host.closedWith]).toEqual([true, 1000]);
    webSocket?.close();
    await roster().revokeHost("again");
  });

  it("shows the host among the invokers, and its kinds at /", async () => {
    const host = await FakeHost.dial({ name: "seen", kinds: ["nodejs:22"] });
    const states = async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 1_100);
      });
      return (await ask("GET", "/invokers", { key: null })).json();
    };
    expect(await states()).toEqual({ "seen/0": "up" });
    expect((await ask("GET", "/invokers/healthy/count", { key: null })).text).toBe("1");
    expect((await ask("GET", "/invokers/ready", { key: null })).text).toBe('{"healthy":"1/1"}');
    const { runtimes } = (await ask("GET", "/", { key: null })).json() as { runtimes: Record<string, unknown> };
    expect(runtimes).toEqual({ nodejs: [expect.objectContaining({ kind: "nodejs:22", default: true })] });
    host.close();
    expect(await states()).toEqual({ "seen/0": "down" });
    const ready = await ask("GET", "/invokers/ready", { key: null });
    expect([ready.status, ready.text]).toEqual([500, '{"unhealthy":"1/1"}']);
  });
});

describe("the side door", () => {
  it("takes results and gives them back, byte for byte", async () => {
    const token = await tokenOf("carrier");
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const path = "/host/v1/blobs/results/0123456789ab00000000000000000000/1";
    const put = await withToken(path, token, { method: "PUT", body: bytes });
    expect(await put.json()).toEqual({ key: path.slice("/host/v1/blobs/".length), size: 50_000 });
    const got = await withToken(path, token);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  });

  it("gives code", async () => {
    const token = await tokenOf("reader");
    await stores().blobs.put("code/some", "main = 1");
    expect(await (await withToken("/host/v1/code/code/some", token)).text()).toBe("main = 1");
  });

  it.each([
    ["GET", "/host/v1/code/args/x"],
    ["GET", "/host/v1/blobs/code/some"],
    ["GET", "/host/v1/blobs/args/../code/some"],
    ["GET", "/host/v1/blobs/args/%2e%2e/x"],
    ["PUT", "/host/v1/blobs/code/some"],
    ["PUT", "/host/v1/blobs/args//x"],
    ["PUT", "/host/v1/code/code/some"],
  ])("does not open for %s %s", async (method, path) => {
    const token = await tokenOf("curious");
    const body = method === "PUT" ? { body: "x" } : {};
    expect((await withToken(path, token, { method, ...body })).status).toBe(404);
  });

  it("is closed without a token", async () => {
    for (const path of ["/host/v1/code/code/some", "/host/v1/blobs/args/x/y"]) {
      expect((await ask("GET", path)).status).toBe(401);
    }
  });

  it("refuses what is larger than any body may be", async () => {
    const token = await tokenOf("greedy");
    const headers = { "Content-Length": String(60 * 1024 * 1024) };
    const answer = await withToken("/host/v1/blobs/args/x/y", token, { method: "PUT", headers });
    expect(answer.status).toBe(413);
  });
});
