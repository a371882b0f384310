// Limits of a namespace at the door: 429 in OpenWhisk's words, slots given back, updates seen by the next call.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { servicesOf } from "../../src/services/services.ts";
import { made } from "../storage/stores.worker.ts";
import { ask, putAction, stores } from "../support/client.worker.ts";
import { FakeHost, ran } from "../support/fake-host.worker.ts";

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
    for (const _ of [1, 2]) {
      expect((await ask("POST", `${ACTIONS}/echo?blocking=true`, { key, body: "{}" })).status).toBe(200);
    }
    for (const name of ["echo", "nobody"]) {
      const { status, headers, json } = await ask("POST", `${ACTIONS}/${name}?blocking=true`, { key, body: "{}" });
      expect(status).toBe(429);
      expect(json()).toEqual({
        error: expect.stringMatching(/^Too many requests in the last minute \(count: \d+, allowed: 2\)\.$/),
        code: headers.get("x-request-id"),
      });
      expect(headers.get("retry-after")).toBeNull();
    }
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
