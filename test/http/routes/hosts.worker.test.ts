// The hosts' doors: who may dial, what the blob API takes and gives, and what the fleet looks like from outside.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { Env } from "../../../src/env.ts";
import { isOldObject, LEASE_HEADER, META_HEADER } from "../../../src/http/hosts/blobs.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import { callOf, metaOf } from "../../durable-objects/calls.ts";
import { ask, putAction, stores } from "../../support/client.worker.ts";
import { FakeHost, platform, roster } from "../../support/fake-host.worker.ts";

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

  it("is open for as many schedulers as the token is for, and for no other", async () => {
    const made = await roster().createHost("wide", { rotate: true, shards: 2 });
    if (made.kind !== "made") throw new Error("no token");
    const dial = async (shard: number) => {
      const answer = await withToken(`/host/v1/connect?shard=${shard}`, made.token, {
        headers: { Upgrade: "websocket" },
      });
      answer.webSocket?.accept();
      answer.webSocket?.close();
      return answer;
    };
    expect([(await dial(0)).status, (await dial(1)).status]).toEqual([101, 101]);
    expect((await dial(99)).status).toBe(403);
    const refused = await dial(2);
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: expect.stringContaining("2 of its") }]);
    expect((await roster().hosts()).find(({ name }) => name === "wide")).toMatchObject({ shards: 2 });
    // A new token in the place of this one is for as many.
    await roster().createHost("wide", { rotate: true });
    expect((await roster().hosts()).find(({ name }) => name === "wide")).toMatchObject({ shards: 2 });
  });

  it("is refused to a revoked host at once", async () => {
    const token = await tokenOf("revoked");
    expect((await withToken("/host/v1/blobs/args/a/b", token)).status).toBe(403);
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

  it("says to the caller of a blocking call why it waits, and only to the administrator where the host's disk is", async () => {
    await putAction("patient", {
      exec: { kind: "nodejs:22", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
    });
    const host = await FakeHost.dial({ name: "narrow", kinds: ["nodejs:22"] });
    const unhealthy = "the disk of /srv/my state is full: 3 MB are free, 256 must be";
    host.send({ t: "health", memory: 2048, unhealthy });
    const headers = { Authorization: "Bearer test-admin-token" };
    const listed = async () => {
      const all = (await (await platform("/admin/v1/schedulers", { headers })).json()) as { scheduler: string }[];
      return all.find(({ scheduler }) => scheduler === "narrow/0");
    };
    await expect.poll(listed).toMatchObject({ unhealthy });
    const path = "/api/v1/namespaces/_/actions/patient?blocking=true&timeout=1000";
    const { status, json } = await ask("POST", path, { body: "{}" });
    expect(status).toBe(202);
    const { activationId } = json() as { activationId: string };
    const told = async () => (await ask("GET", `/api/v1/namespaces/_/activations/${activationId}`)).json();
    await expect.poll(told).toMatchObject({
      waiting: {
        since: expect.any(Number),
        reason: "the host that can run it is unhealthy: its disk is full: 3 MB are free, 256 must be",
      },
    });
    for (const door of ["/invokers", "/invokers/ready"]) {
      expect((await ask("GET", door, { key: null })).text).not.toContain("/srv");
    }
    host.send({ t: "health", memory: 2048 });
    await expect.poll(async () => ((await told()) as { waiting?: object }).waiting).toBeUndefined();
    await platform("/admin/v1/hosts/narrow", { method: "DELETE", headers });
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

describe("the blob API", () => {
  const id = "0123456789ab00000000000000000000";
  const proofs = () => new Proofs({ current: (env as unknown as Env).MASTER_SECRET, previous: null });
  const about = metaOf();

  function leaseOf(host: string, run = { id, attempt: 1 }): Record<string, string> {
    const { epoch, counter } = proofs().lease({ host, ...run, about: aboutDigest(about) }, { epoch: 2, turn: 1 });
    return { [LEASE_HEADER]: `${epoch}.${counter}`, [META_HEADER]: encodeURIComponent(aboutDigest(about)) };
  }

  function put(key: string, token: string, options: { body: string; headers?: Record<string, string> }) {
    return withToken(`/host/v1/blobs/${key}`, token, { method: "PUT", ...options });
  }

  it("takes what ended under a lease of this host, byte for byte, once", async () => {
    const token = await tokenOf("carrier");
    const headers = leaseOf("carrier");
    const body = JSON.stringify({ text: "ä€".repeat(50_000) });
    const key = `results/${id}/1`;
    const answer = await put(key, token, { body, headers });
    expect(await answer.json()).toEqual({ key, size: new TextEncoder().encode(body).length });
    expect(await stores().blobs.text(key)).toBe(body);
    expect((await put(key, token, { body: '"another"', headers })).status).toBe(200);
    expect(await stores().blobs.text(key)).toBe(body);
    const lines = JSON.stringify(Array.from({ length: 20_000 }, (_, line) => `line ${line} ä`));
    expect((await put(`logs/${id}/1`, token, { body: lines, headers })).status).toBe(200);
    expect(await stores().blobs.text(`logs/${id}/1`)).toBe(lines);
    expect((await put(`logs/${id}/1`, token, { body: '["another"]', headers })).status).toBe(200);
    expect(await stores().blobs.text(`logs/${id}/1`)).toBe(lines);
  });

  it("takes nothing under another's lease, another attempt's or none", async () => {
    const token = await tokenOf("thief");
    const leases = [
      leaseOf("carrier"),
      leaseOf("thief", { id, attempt: 2 }),
      { ...leaseOf("thief"), [META_HEADER]: "x" },
    ];
    for (const headers of [...leases, { [LEASE_HEADER]: "1.1", [META_HEADER]: "%" }]) {
      expect((await put(`results/${id}/7`, token, { body: "{}", headers })).status).toBe(403);
    }
    expect((await put(`results/${id}/7`, token, { body: "{}" })).status).toBe(425);
    expect(await stores().blobs.get(`results/${id}/7`)).toBeNull();
  });

  it("takes from a host of an earlier version what its scheduler has granted", async () => {
    const host = await FakeHost.dial({ name: "elder", kinds: ["nodejs:24"], answer: () => "never" });
    const call = { ...callOf({ exec: { kind: "nodejs:24", binary: false } }), id: newActivationId(Date.now(), 1) };
    const { SCHEDULER } = env as unknown as Env;
    void SCHEDULER.getByName("elder/0").invoke(call, { waitMs: 5_000 });
    await expect.poll(() => host.runs.length).toBe(1);
    expect((await put(`results/${call.id}/1`, host.token, { body: "{}" })).status).toBe(200);
    expect((await put(`results/${call.id}/2`, host.token, { body: "{}" })).status).toBe(425);
    const other = await tokenOf("younger");
    expect((await put(`logs/${call.id}/1`, other, { body: "[]" })).status).toBe(425);
    host.close();
  });

  it("takes no result that is no JSON, and no logs that are no lines", async () => {
    const token = await tokenOf("garbler");
    for (const body of ["", "{", '{"a":1}x', "undefined"]) {
      expect((await put(`results/${id}/1`, token, { body, headers: leaseOf("garbler") })).status, body).toBe(400);
    }
    for (const body of ["{}", '["a"', "[1]", '["a"]]']) {
      const answer = await put(`logs/${id}/2`, token, { body, headers: leaseOf("garbler", { id, attempt: 2 }) });
      expect(answer.status, body).toBe(400);
    }
    expect(await stores().blobs.get(`logs/${id}/2`)).toBeNull();
  });

  it("gives code and arguments under keys that were signed for this host, as long as they hold", async () => {
    const token = await tokenOf("reader");
    await stores().blobs.put("code/some..8", "main = 1");
    await stores().blobs.put("code/some", "main = 1");
    await stores().blobs.put("args/ns/1", "{}");
    const sign = (key: string, host = "reader", until = Date.now() + 5_000) => proofs().blob(key, { host, until });
    const read = (door: string, key: string) => withToken(`/host/v1/${door}/${key}`, token);
    expect(await (await read("code", sign("code/some"))).text()).toBe("main = 1");
    expect(await (await read("code", sign("code/some..8"))).text()).toBe("main = 1");
    expect(await (await read("blobs", sign("args/ns/1"))).text()).toBe("{}");
    expect((await read("code", sign("code/none"))).status).toBe(404);
    const refused = [
      read("code", "code/some"),
      read("blobs", "args/ns/1"),
      read("code", sign("args/ns/1")),
      read("blobs", sign("code/some")),
      read("blobs", sign("results/x/1")),
      read("code", sign("code/some", "another")),
      read("code", sign("code/some", "reader", Date.now() - 1_000)),
      read("code", `${sign("code/some").slice(0, -1)}0`),
      read("code", sign("code/some").replace("some", "other")),
    ];
    const statuses = (await Promise.all(refused)).map((answer) => answer.status);
    // The last digit of a proof may be a 0.
    expect(statuses.filter((status) => status !== 403).length).toBeLessThanOrEqual(1);
    expect(statuses.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 403));
  });

  it("is closed to a revoked host a second later, though its token was good a moment ago", async () => {
    const token = await tokenOf("ousted");
    await stores().blobs.put("code/some", "main = 1");
    const path = `/host/v1/code/${proofs().blob("code/some", { host: "ousted", until: Date.now() + 60_000 })}`;
    expect((await withToken(path, token)).status).toBe(200);
    await roster().revokeHost("ousted");
    await new Promise((done) => setTimeout(done, 1_100));
    expect((await withToken(path, token)).status).toBe(401);
  });

  it("tells an object of an earlier version by what it answers", async () => {
    const { SCHEDULER } = env as unknown as Env;
    const old = SCHEDULER.getByName("old/0") as unknown as { since2030(): Promise<void> };
    const cause = await old.since2030().catch((error: unknown) => error);
    expect(isOldObject(cause)).toBe(true);
    expect(() => isOldObject(new Error("another"))).toThrow("another");
  });

  it.each([
    ["GET", "/host/v1/blobs/args/../code/some"],
    ["PUT", "/host/v1/blobs/code/some"],
    ["PUT", "/host/v1/blobs/args/ns/1"],
    ["PUT", "/host/v1/blobs/results/x/1"],
    ["PUT", `/host/v1/blobs/results/${"0".repeat(32)}/0`],
    ["PUT", `/host/v1/blobs/results/${"0".repeat(32)}/1/2`],
    ["PUT", "/host/v1/code/code/some"],
  ])("does not open for %s %s", async (method, path) => {
    const token = await tokenOf("curious");
    const body = method === "PUT" ? { body: "x" } : {};
    expect([403, 404]).toContain((await withToken(path, token, { method, ...body })).status);
  });

  it("is closed without a token", async () => {
    for (const path of ["/host/v1/code/code/some", "/host/v1/blobs/args/x/y"]) {
      expect((await ask("GET", path)).status).toBe(401);
    }
  });

  it("refuses what is larger than it may be, and what does not say how large it is", async () => {
    const token = await tokenOf("greedy");
    const headers = { ...leaseOf("greedy"), "Content-Length": String(60 * 1024 * 1024) };
    expect((await put(`logs/${id}/1`, token, { body: "x", headers })).status).toBe(413);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("[]"));
        controller.close();
      },
    });
    const path = `/host/v1/blobs/logs/${id}/1`;
    const answer = await withToken(path, token, { method: "PUT", body, headers: leaseOf("greedy") });
    expect(answer.status).toBe(413);
  });
});
