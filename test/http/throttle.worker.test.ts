// Limits of a namespace at the door: 429 in OpenWhisk's words, slots given back, updates seen by the next call.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Env } from "../../src/env.ts";
import { makeApp } from "../../src/http/app.ts";
import { servicesOf } from "../../src/services/services.ts";
import { made } from "../storage/stores.worker.ts";
import { ask, putAction, stores } from "../support/client.worker.ts";
import { FakeHost, ran } from "../support/fake-host.worker.ts";
import { freshMinute, withinOneMinute } from "../support/minutes.ts";

const ACTIONS = "/api/v1/namespaces/_/actions";
let host: FakeHost;

beforeAll(async () => {
  host = await FakeHost.dial({
    answer: ({ about, args }) => (about.name === "slow" ? "never" : ran("inline" in args ? args.inline : "{}")),
  });
});

async function keyOf(name: string, limits: object): Promise<string> {
  const owner = await made(stores().identities, { subject: `${name}-subject`, namespace: name, limits });
  return owner.key;
}

describe("a namespace with limits", () => {
  it("is refused the call after the last one of the minute, even of an action that is not there", async () => {
    const key = await keyOf("rated", { invocationsPerMinute: 2, concurrentInvocations: 10 });
    await putAction("echo", { namespace: "rated" });
    await withinOneMinute(async () => {
      for (const _ of [1, 2]) {
        expect((await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" })).status).toBe(200);
      }
      for (const call of ["echo?blocking=true", "nobody?blocking=true", "echo"]) {
        const { status, headers, json } = await ask("POST", `${ACTIONS}/${call}`, { key, body: "{}" });
        expect(status).toBe(429);
        expect(json()).toEqual({
          error: expect.stringMatching(/^Too many requests in the last minute \(count: \d+, allowed: 2\)\.$/),
          code: headers.get("x-request-id"),
        });
        expect(headers.get("retry-after")).toBeNull();
        expect(headers.get("ratelimit-policy")).toBe('"invocations";q=2;w=60');
        expect(headers.get("ratelimit")).toMatch(/^"invocations";r=0;t=([1-9]|[1-5]\d|60)$/);
      }
    });
    expect((await ask("GET", `${ACTIONS}`, { key })).status).toBe(200);
  });

  it("is refused a call too many at once, and gets its slots back", async () => {
    const key = await keyOf("crowded", { invocationsPerMinute: 1_000, concurrentInvocations: 1 });
    for (const name of ["echo", "slow"]) await putAction(name, { namespace: "crowded" });
    for (let round = 0; round < 3; round++) {
      expect((await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" })).status).toBe(200);
      expect((await ask("POST", `${ACTIONS}/nobody?blocking=true`, { key, body: "{}" })).status).toBe(404);
    }
    const { status, json } = await ask("POST", `${ACTIONS}/slow?blocking=true&timeout=100`, { key, body: "{}" });
    expect(status).toBe(202);
    const refused = await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" });
    expect(refused.status).toBe(429);
    expect(refused.json()).toMatchObject({
      error: expect.stringMatching(/^Too many concurrent requests in flight \(count: \d+, allowed: 1\)\.$/),
    });
    const { activationId } = json() as { activationId: string };
    const run = host.runs.find((each) => each.invocation.id === activationId);
    if (run === undefined) throw new Error("the host never heard of it");
    host.finish(run, ran("{}"));
    let again = 429;
    for (let left = 100; left > 0 && again === 429; left--) {
      again = (await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" })).status;
    }
    expect(again).toBe(200);
  });

  it("holds no more memory than it may, and an action no more instances; what is in force and used is told", async () => {
    const key = await keyOf("bounded", { concurrentMemory: 512, invocationsPerMinute: 1_000 });
    await putAction("echo", {
      namespace: "bounded",
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    });
    const slow = { timeout: 60_000, memory: 256, logs: 10, concurrency: 1, instances: 1 };
    await putAction("slow", { namespace: "bounded", limits: slow });
    const call = (name: string) => ask("POST", `${ACTIONS}/${name}?blocking=true&timeout=100`, { key, body: "{}" });
    const first = await call("slow");
    expect(first.status).toBe(202);
    const second = await call("slow");
    expect([second.status, second.headers.get("ratelimit")]).toEqual([429, '"instances";r=0']);
    expect(second.json()).toMatchObject({ error: "Too many concurrent requests in flight (count: 1, allowed: 1)." });
    const used = async () => (await ask("GET", "/api/v1/namespaces/_/limits", { key })).json();
    expect(await used()).toMatchObject({ concurrentMemory: 512, used: { memoryInUse: 256, concurrentInvocations: 1 } });
    await putAction("large", { namespace: "bounded", limits: { ...slow, memory: 512, instances: 5 } });
    const third = await call("large");
    expect(third.status).toBe(429);
    expect(third.json()).toMatchObject({
      error: "Too much memory in use by requests in flight (count: 768 MB, allowed: 512 MB).",
    });
    expect((await call("echo")).status).toBe(200);
    const { activationId } = first.json() as { activationId: string };
    const run = host.runs.find((each) => each.invocation.id === activationId);
    if (run === undefined) throw new Error("the host never heard of it");
    host.finish(run, ran("{}"));
    await expect.poll(used).toMatchObject({ used: { memoryInUse: 0, concurrentInvocations: 0 } });
    expect((await call("large")).status).toBe(200);
  });

  it("gets back what a call held of which nobody waits, also where only the action has a bound", async () => {
    const key = await keyOf("unbounded", {});
    const one = { timeout: 60_000, memory: 256, logs: 10, concurrency: 1, instances: 1 };
    await putAction("slow", { namespace: "unbounded", limits: one });
    const call = () => ask("POST", `${ACTIONS}/slow`, { key, body: "{}" });
    for (let round = 0; round < 2; round++) {
      let first = await call();
      await expect
        .poll(async () => {
          if (first.status !== 202) first = await call();
          return first.status;
        })
        .toBe(202);
      expect((await call()).status).toBe(429);
      const { activationId } = first.json() as { activationId: string };
      const of = () => host.runs.find((each) => each.invocation.id === activationId);
      await expect.poll(of).toBeDefined();
      const run = of();
      if (run !== undefined) host.finish(run, ran("{}"));
    }
  });

  it("counts the steps of compositions in what it holds, and they wait for room", async () => {
    const key = await keyOf("stepping", { concurrentMemory: 256, invocationsPerMinute: 1_000 });
    for (const name of ["echo", "slow"]) await putAction(name, { namespace: "stepping" });
    const exec = { kind: "sequence", components: ["/_/slow", "/_/echo"] };
    const put = await ask("PUT", `${ACTIONS}/both`, { key, body: JSON.stringify({ exec }) });
    expect(put.status).toBe(200);
    const used = async () => (await ask("GET", "/api/v1/namespaces/_/limits", { key })).json();
    const { activationId } = (await ask("POST", `${ACTIONS}/both`, { key, body: "{}" })).json() as Record<
      string,
      string
    >;
    await expect.poll(used).toMatchObject({ used: { memoryInUse: 256, concurrentInvocations: 1 } });
    expect((await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" })).status).toBe(429);
    const step = () => host.runs.find((each) => each.invocation.about.cause === activationId);
    await expect.poll(step).toBeDefined();
    const run = step();
    if (run !== undefined) host.finish(run, ran("{}"));
    await expect.poll(used).toMatchObject({ used: { memoryInUse: 0, concurrentInvocations: 0 } });
    const record = await ask("GET", `/api/v1/namespaces/_/activations/${activationId}`, { key });
    expect(record.json()).toMatchObject({ response: { success: true } });
  });

  it("may carry less than the system allows", async () => {
    const key = await keyOf("small", { maxPayloadSize: "1 KB" });
    await putAction("echo", { namespace: "small" });
    const body = JSON.stringify({ a: "x".repeat(2_000) });
    const { status, json } = await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body });
    expect(status).toBe(413);
    expect(json()).toMatchObject({ error: `Request larger than allowed: ${body.length} > 1024 bytes.` });
  });
});

describe("a write", () => {
  it("is seen by the next call", async () => {
    const value = () => ask("POST", `${ACTIONS}/changing?blocking=true&result=true`, { body: "{}" });
    for (let version = 1; version <= 5; version++) {
      const body = JSON.stringify({
        exec: { kind: "nodejs:20", code: `// ${version}` },
        parameters: [{ key: "v", value: version }],
      });
      const put = await ask("PUT", `${ACTIONS}/changing?overwrite=true`, { body });
      expect(put.status).toBe(200);
      expect((await value()).json()).toEqual({ v: version });
      expect((await value()).json()).toEqual({ v: version });
    }
    expect((await ask("DELETE", `${ACTIONS}/changing`)).status).toBe(200);
    expect((await value()).status).toBe(404);
  });

  it("from another isolate is seen by the next call after it", async () => {
    const call = async () => (await ask("POST", `${ACTIONS}/elsewhere?blocking=true&result=true`)).json();
    await putAction("elsewhere", { parameters: [{ key: "v", value: "1" }] });
    expect([await call(), await call()]).toEqual([{ v: 1 }, { v: 1 }]);
    const { entities } = stores();
    const services = servicesOf(env as unknown as Env);
    if (!services.ok) throw new Error(services.text);
    const entityEpoch = services.value.entityEpoch("guest");
    await entityEpoch.beginWrite("another isolate");
    const old = await entities.get({ path: "guest", name: "elsewhere" });
    if (old === null) throw new Error("the action is gone");
    await entities.delete(old, { expected: old.revision });
    await putAction("elsewhere", { parameters: [{ key: "v", value: "2" }] });
    await entityEpoch.endWrite("another isolate");
    expect([await call(), await call()]).toEqual([{ v: 2 }, { v: 2 }]);
  });
});

describe("the log", () => {
  it("tells each request with its transaction id where that is asked for", async () => {
    const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
    const app = makeApp(servicesOf);
    const own = { ...(env as unknown as Env), LOG_LEVEL: "info" };
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
    const headers = { "X-Request-ID": "my-own-id", Host: "edgewhisk.test" };
    const request = () => new Request("http://edgewhisk.test/ping?secret=1", { headers });
    await app.fetch(request(), own, context);
    const lines = info.mock.calls.map(([line]) => String(line));
    info.mockClear();
    await app.fetch(request(), env as unknown as Env, context);
    const silent = info.mock.calls.length;
    info.mockRestore();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        ...{ time: expect.any(String), level: "info", event: "request", transactionId: "my-own-id" },
        ...{ method: "GET", path: "/ping", status: 200, ms: expect.any(Number) },
      },
    ]);
    expect(silent).toBe(0);
  });
});

describe("the metrics", () => {
  const scrape = (headers: Record<string, string>) => ask("GET", "/metrics", { key: null, headers });

  it("are for who has a token, and for nobody else", async () => {
    expect((await scrape({})).status).toBe(401);
    expect((await scrape({ Authorization: "Bearer wrong" })).status).toBe(401);
    expect((await ask("GET", "/metrics")).status).toBe(401);
    expect((await ask("POST", "/metrics", { key: null, body: "{}" })).status).toBe(405);
    const admitted = await scrape({ Authorization: "Bearer test-admin-token" });
    expect(admitted.status).toBe(200);
    expect(admitted.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const open = await scrape({ Authorization: "Bearer test-admin-token", Accept: "application/openmetrics-text" });
    expect(open.headers.get("content-type")).toMatch(/^application\/openmetrics-text/);
    expect(open.text).toMatch(/# EOF\n$/);
  });

  it("are not there where they are off, also for who has a token, and strangers do not learn it", async () => {
    const own = { ...(env as unknown as Env), METRICS_MODE: "off" };
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
    const asked = async (headers: Record<string, string>) =>
      (await makeApp(servicesOf).fetch(new Request("http://edgewhisk.test/metrics", { headers }), own, context)).status;
    const Host = "edgewhisk.test";
    expect(await asked({ Host, Authorization: "Bearer test-admin-token" })).toBe(404);
    expect(await asked({ Host })).toBe(401);
  });

  it("tell of what has ended, what was refused and what was asked", async () => {
    const key = await keyOf("metered", { invocationsPerMinute: 2, concurrentInvocations: 10 });
    await putAction("echo", { namespace: "metered" });
    await freshMinute();
    for (const _ of [1, 2, 3]) await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" });
    const text = async () => (await scrape({ Authorization: "Bearer test-admin-token" })).text;
    const of = 'namespace="metered",initiator="metered",action="echo"';
    await expect.poll(text).toContain(`openwhisk_action_activations_total{${of},kind="nodejs:20",memory="256"} 2\n`);
    await expect.poll(text).toContain('openwhisk_action_limit_timed_total{namespace="metered"} 1\n');
    await expect.poll(text).toMatch(/^edgewhisk_http_requests_total\{method="POST",status="429"\} [1-9]/m);
    expect(await text()).toMatch(/^gauge_loadbalancer_totalHealthyInvokerManaged_counter \d+$/m);
  });
});

describe("namespaces that share an isolate", () => {
  it("take turns with what is stored: a crowd of one waits for itself, with its calls and what others ask it does not", async () => {
    const crowd = await keyOf("crowd", {});
    const other = await keyOf("other", {});
    expect((await ask("GET", ACTIONS, { key: crowd })).status).toBe(200);
    expect((await ask("GET", ACTIONS, { key: other })).status).toBe(200);
    let answered = 0;
    const asked = Array.from({ length: 200 }, async () => {
      const answer = await ask("GET", ACTIONS, { key: crowd });
      answered++;
      return answer.status;
    });
    const missed = await ask("POST", `${ACTIONS}/nobody`, { key: crowd, body: "{}" });
    const listed = await ask("GET", ACTIONS, { key: other });
    const called = await ask("POST", `${ACTIONS}/nobody?blocking=true`, { key: other, body: "{}" });
    expect([missed.status, listed.status, called.status]).toEqual([404, 200, 404]);
    expect(answered).toBeLessThan(asked.length);
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
    expect((await ask("GET", ACTIONS, { key: crowd })).status).toBe(200);
  });
});
