// What holds for every request: transaction ids, keys, verbs, CORS, sizes, odd paths, the documents without a key.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type CredentialGrant, mintCredential } from "../../src/entities/credential.ts";
import { type Env, masterSecretOf } from "../../src/env.ts";
import { servicesOf } from "../../src/services/services.ts";
import { made } from "../storage/stores.worker.ts";
import { ask, GUEST_KEY, stores } from "../support/client.worker.ts";
import { platform } from "../support/fake-host.worker.ts";
import { admin } from "./platform.worker.ts";

const SECRET = masterSecretOf(env as unknown as Env);
const GUEST_UUID = GUEST_KEY.slice(0, 36);
const NAMESPACES = "/api/v1/namespaces";
const GRANT = { keyId: "", rights: "deploy" } as const;
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
  "access-control-allow-methods": "GET, DELETE, POST, PUT, HEAD",
};

describe("every answer", () => {
  it("carries the caller's request id, or one of 32 letters and digits", async () => {
    const given = await ask("GET", NAMESPACES, { headers: { "X-Request-ID": "my-own-id" } });
    expect(given.headers.get("x-request-id")).toBe("my-own-id");
    for (const id of ["sid_mine", "two words", "x".repeat(4_097)]) {
      const { headers } = await ask("GET", NAMESPACES, { headers: { "X-Request-ID": id } });
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-z]{32}$/i);
    }
  });

  it.each(["/", "/ping", "/api/v1", "/nowhere", NAMESPACES, "/cdn-cgi/anything"])(
    "to %s has CORS headers",
    async (path) => {
      const { headers } = await ask("GET", path);
      for (const [name, value] of Object.entries(CORS)) expect(headers.get(name)).toBe(value);
      expect(headers.get("x-request-id")).not.toBeNull();
    },
  );

  it.each([NAMESPACES, "/api/v1/namespaces/_/actions/x", "/api/v1"])(
    "to OPTIONS %s is 200 without a key",
    async (path) => {
      const { status, headers } = await ask("OPTIONS", path, { key: null });
      expect(status).toBe(200);
      for (const [name, value] of Object.entries(CORS)) expect(headers.get(name)).toBe(value);
    },
  );
});

describe("a key", () => {
  const unauthorized = async (options: Parameters<typeof ask>[2], text: string) => {
    const { status, headers, json } = await ask("GET", NAMESPACES, options);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe('Basic realm="OpenWhisk secure realm"');
    expect(json()).toEqual({ error: text, code: headers.get("x-request-id") });
  };

  it("is asked for", () =>
    unauthorized({ key: null }, "The resource requires authentication, which was not supplied with the request"));

  it.each([
    ["unknown", `00000000-0000-0000-0000-000000000000:${"a".repeat(64)}`],
    ["wrong", `${GUEST_UUID}:${"a".repeat(64)}`],
    ["too short", GUEST_KEY.slice(0, -1)],
    ["too long", `${GUEST_KEY}x`],
    ["without a colon", "nonsense"],
    ["empty", ""],
  ])("that is %s is refused", (_what, key) => unauthorized({ key }, "The supplied authentication is invalid"));

  it.each(["Basic", "Basic !!!", "Bearer abc", `Basic ${"A".repeat(5_000)}`])("malformed as %s is refused", (header) =>
    unauthorized({ key: null, headers: { Authorization: header } }, "The supplied authentication is invalid"),
  );

  it("opens its namespace and no other", async () => {
    for (const path of [NAMESPACES, `${NAMESPACES}/`]) expect((await ask("GET", path)).text).toBe('["guest"]');
    expect((await ask("GET", `${NAMESPACES}/guest/limits`)).status).toBe(200);
    expect((await ask("GET", `${NAMESPACES}/other/limits`)).status).toBe(403);
    expect((await ask("GET", `${NAMESPACES}/other/activations`)).status).toBe(403);
  });

  it("made by the administrator opens its own", async () => {
    const owner = await made(stores().identities, { subject: "alice", namespace: "wonderland" });
    expect((await ask("GET", NAMESPACES, { key: owner.key })).text).toBe('["wonderland"]');
    expect((await ask("GET", NAMESPACES, { key: owner.key })).text).toBe('["wonderland"]');
    const wrong = `${owner.keyId}:${"a".repeat(64)}`;
    expect((await ask("GET", NAMESPACES, { key: wrong })).status).toBe(401);
  });

  it("is asked for before a path is looked at", async () => {
    expect((await ask("GET", "/api/v1/nowhere", { key: null })).status).toBe(401);
    expect((await ask("GET", "/api/v1/nowhere")).status).toBe(404);
  });
});

describe("an activation credential", () => {
  it("opens its namespace until it expires", async () => {
    const grant: CredentialGrant = { ...GRANT, namespaceId: GUEST_UUID, expiresAt: Date.now() + 60_000 };
    const key = await mintCredential(SECRET, grant);
    for (let round = 0; round < 2; round++) expect((await ask("GET", NAMESPACES, { key })).text).toBe('["guest"]');
    const late = await mintCredential(SECRET, { ...GRANT, namespaceId: GUEST_UUID, expiresAt: Date.now() - 1_000 });
    expect((await ask("GET", NAMESPACES, { key: late })).status).toBe(401);
  });

  it("of another deployment, or for an unknown namespace, opens nothing", async () => {
    const expiresAt = Date.now() + 60_000;
    const foreign = await mintCredential(
      { current: "another secret", previous: null },
      { ...GRANT, namespaceId: GUEST_UUID, expiresAt },
    );
    expect((await ask("GET", NAMESPACES, { key: foreign })).status).toBe(401);
    const nobody = await mintCredential(SECRET, { ...GRANT, namespaceId: "nobody", expiresAt });
    expect((await ask("GET", NAMESPACES, { key: nobody })).status).toBe(401);
  });

  it("of an identity in the store works as well", async () => {
    const owner = await made(stores().identities, { subject: "bobby", namespace: "builders" });
    const grant: CredentialGrant = { ...GRANT, namespaceId: owner.namespace.uuid, expiresAt: Date.now() + 60_000 };
    const key = await mintCredential(SECRET, grant);
    for (let round = 0; round < 2; round++) expect((await ask("GET", NAMESPACES, { key })).text).toBe('["builders"]');
  });
});

describe("a development key", () => {
  it.each([
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Origin: "http://127.0.0.1:9999" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
  ])("is not accepted with %o", async (headers) => {
    const { status, json } = await ask("GET", NAMESPACES, { headers: headers as unknown as Record<string, string> });
    expect(status).toBe(403);
    expect(json()).toMatchObject({ error: expect.stringContaining("Development keys are not accepted") });
  });

  it("is accepted from a page of this server", async () => {
    expect((await ask("GET", NAMESPACES, { headers: { Origin: "http://127.0.0.1" } })).status).toBe(200);
  });

  it("is not accepted under a name that somebody may have pointed here, but a stored key is", async () => {
    const at = (key: string) =>
      platform(NAMESPACES, { headers: { Authorization: `Basic ${btoa(key)}`, Host: "rebound.example" } });
    const guest = await at(GUEST_KEY);
    const owner = await made(stores().identities, { subject: "carol", namespace: "carols" });
    const stored = await at(owner.key);
    expect([guest.status, stored.status]).toEqual([403, 200]);
  });

  it("of whisk.system works too", async () => {
    const key = "789c46b1-71f6-4ed5-8c54-816aa4f8c502:abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
    expect((await ask("GET", NAMESPACES, { key })).text).toBe('["whisk.system"]');
  });
});

describe("verbs", () => {
  it.each([
    ["POST", NAMESPACES],
    ["DELETE", `${NAMESPACES}/`],
    ["PUT", `${NAMESPACES}/_/limits`],
    ["POST", `${NAMESPACES}/_/activations`],
    ["DELETE", `${NAMESPACES}/_/activations/0123456789ab00000000000000000000`],
    ["PUT", "/runtime/namespaces/_/logForwarding"],
  ])("%s on %s is 405 in JSON", async (method, path) => {
    const { status, json } = await ask(method, path);
    expect(status).toBe(405);
    expect(json()).toMatchObject({ error: expect.stringContaining("HTTP method not allowed, supported methods: GET") });
  });

  it("do not turn HEAD into GET", async () => {
    expect((await ask("HEAD", NAMESPACES)).status).toBe(405);
  });
});

describe("odd requests", () => {
  it.each([
    ["GET", "/cdn-cgi/anything", 404],
    ["GET", "/cdn-cgi/local/r2/public/edgewhisk/x", 404],
    ["GET", `${NAMESPACES}/_/limits/memory`, 400],
    ["PUT", `${NAMESPACES}/_/actions/`, 404],
    ["POST", `${NAMESPACES}/_/actions/bundle/`, 404],
    ["DELETE", `${NAMESPACES}/_/packages/`, 404],
    ["PUT", `${NAMESPACES}/_/triggers/`, 404],
    ["PUT", `${NAMESPACES}/_/rules/`, 404],
    ["GET", `${NAMESPACES}/_/activations/short`, 400],
    ["GET", `${NAMESPACES}/_/activations/0123456789AB00000000000000000000`, 400],
    ["GET", `${NAMESPACES}/_/activations/0123456789ab00000000000000000000`, 404],
    ["GET", `${NAMESPACES}/_/activations/0123456789abff000000000000000000`, 404],
    ["GET", `${NAMESPACES}/_/activations/0123456789ab00000000000000000000/other`, 404],
    ["GET", `${NAMESPACES}/_/activations?limit=201`, 400],
    ["GET", `${NAMESPACES}/_/activations?limit=-1`, 400],
    ["GET", `${NAMESPACES}/_/activations?limit=x`, 400],
    ["GET", `${NAMESPACES}/_/activations?skip=-1`, 400],
    ["GET", `${NAMESPACES}/_/activations?since=yesterday`, 400],
    ["GET", `${NAMESPACES}/_/activations?name=a/b/c`, 400],
    ["GET", `${NAMESPACES}/_/activations?docs=true&count=true`, 400],
    ["POST", `${NAMESPACES}/_//actions/x`, 404],
    ["POST", `${NAMESPACES}/%2e%2e/actions/x`, 404],
    ["POST", `${NAMESPACES}/_/actions/%zz`, 400],
    ["POST", `${NAMESPACES}/_/actions/..%2F..%2Fx`, 400],
    ["GET", `/${"x".repeat(9_000)}`, 414],
  ])("such as %s %s are answered in JSON: %i", async (method, path, expected) => {
    const { status, headers, json } = await ask(method, path);
    expect(status).toBe(expected);
    expect(headers.get("content-type")).toBe("application/json");
    expect(json()).toEqual({ error: expect.any(String), code: headers.get("x-request-id") });
  });

  it("of 51 MB are refused by what they say", async () => {
    const { status } = await ask("POST", `${NAMESPACES}/_/actions/x`, {
      headers: { "Content-Length": String(51 * 1024 * 1024 + 1) },
    });
    expect(status).toBe(413);
  });

  it.each(["application/json", "*/*", "text/html, */*;q=0.1", "application/*", "application/json; charset=utf-8"])(
    "are fine with Accept: %s",
    async (Accept) => {
      expect((await ask("GET", NAMESPACES, { headers: { Accept } })).status).toBe(200);
    },
  );

  it.each(["text/html", "application/json;q=0", "image/*"])("are 406 with Accept: %s", async (Accept) => {
    expect((await ask("GET", NAMESPACES, { headers: { Accept } })).status).toBe(406);
  });
});

describe("documents without a key", () => {
  it("describe the platform at /", async () => {
    const { headers, json } = await ask("GET", "/", { key: null });
    expect(headers.get("content-type")).toBe("application/json");
    expect(json()).toMatchObject({
      description: "OpenWhisk",
      api_paths: ["/api/v1"],
      limits: { actions_per_minute: 60, concurrent_actions: 30, max_action_memory: 512 * 1024 * 1024 },
      // No host has reported: nobody runs anything.
      runtimes: {},
    });
  });

  it.each(["/api/v1", "/api/v1/"])("describe the API at %s", async (path) => {
    expect((await ask("GET", path, { key: null })).json()).toMatchObject({
      api_version: "1.0.0",
      api_version_path: "v1",
      build: expect.any(String),
      buildno: expect.any(String),
      swagger_paths: { ui: "/docs", "api-docs": "/api-docs" },
    });
  });

  it("say pong", async () => {
    expect((await ask("GET", "/ping", { key: null })).text).toBe("pong");
  });
});

describe("limits", () => {
  it("are the system's where the namespace has none, and its own where it has, never wider", async () => {
    const plain = await made(stores().identities, { subject: "carol.", namespace: "carols" });
    expect((await ask("GET", `${NAMESPACES}/_/limits`, { key: plain.key })).json()).toEqual({
      invocationsPerMinute: 60,
      concurrentInvocations: 30,
      firesPerMinute: 60,
      minActionMemory: 128,
      maxActionMemory: 512,
      minActionLogs: 0,
      maxActionLogs: 10,
      minActionTimeout: 100,
      maxActionTimeout: 300_000,
      minActionConcurrency: 1,
      maxActionConcurrency: 1,
      maxParameterSize: "1 MB",
      maxActionInstances: 30,
      used: {
        ...{ invocationsThisMinute: 0, firesThisMinute: 0, concurrentInvocations: 0, memoryInUse: 0 },
        secondsLeftOfMinute: expect.any(Number),
      },
    });
    const limits = { invocationsPerMinute: 5, maxActionMemory: 100_000, minActionMemory: 256, storeActivations: false };
    const owner = await made(stores().identities, { subject: "dave.", namespace: "daves", limits });
    expect((await ask("GET", `${NAMESPACES}/_/limits`, { key: owner.key })).json()).toMatchObject({
      invocationsPerMinute: 5,
      minActionMemory: 256,
      maxActionMemory: 512,
      storeActivations: false,
    });
  });

  it("hold in the namespace of a well-known key, to which nobody else has one", async () => {
    const own = async () => (await ask("GET", `${NAMESPACES}/_/limits`)).json();
    expect(await own()).toMatchObject({ maxActionMemory: 512 });
    await admin("PUT", "/namespaces/guest/limits", { maxActionMemory: 256, storeActivations: false });
    await expect.poll(own).toMatchObject({ maxActionMemory: 256, storeActivations: false });
    await admin("DELETE", "/namespaces/guest/limits");
    await expect.poll(own).toMatchObject({ maxActionMemory: 512 });
  });

  it("name no count where none is enforced", async () => {
    const { json } = await ask("GET", `${NAMESPACES}/_/limits`);
    for (const name of ["invocationsPerMinute", "concurrentInvocations", "firesPerMinute", "maxActionInstances"])
      expect(json()).not.toHaveProperty(name);
    expect(json()).toMatchObject({ maxActionMemory: 512 });
  });
});

describe("log forwarding", () => {
  it("is to nowhere else", async () => {
    expect((await ask("GET", "/runtime/namespaces/guest/logForwarding")).json()).toEqual({ adobe_io_runtime: {} });
    expect((await ask("GET", "/runtime/namespaces/guest/logForwarding", { key: null })).status).toBe(401);
  });
});

describe("the credential of a key's call", () => {
  it("is refused as soon as the key is another, and that of the namespace's own goes on", async () => {
    const owner = await made(stores().identities, { subject: "frank", namespace: "franks" });
    const mint = (keyId: string) =>
      mintCredential(SECRET, { ...GRANT, keyId, namespaceId: owner.namespace.uuid, expiresAt: Date.now() + 60_000 });
    const [called, own, foreign] = [await mint(owner.keyId ?? ""), await mint(""), await mint("another key")];
    const status = async (key: string) => (await ask("GET", NAMESPACES, { key })).status;
    for (let round = 0; round < 2; round++) {
      expect([await status(called), await status(own), await status(foreign)]).toEqual([200, 200, 401]);
    }
    const services = servicesOf(env as unknown as Env);
    if (!services.ok) throw new Error(services.text);
    const { identities } = services.value.stores;
    await services.value.withWrite("franks", () => identities.rotate("frank", "franks", undefined));
    expect([await status(called), await status(own), await status(foreign)]).toEqual([401, 200, 401]);
  });

  it("that was accepted before namespaces had ids goes by the key's uuid", async () => {
    const owner = await made(stores().identities, { subject: "grace", namespace: "graces" });
    const namespaceId = owner.keyId ?? "";
    const expiresAt = Date.now() + 60_000;
    const key = await mintCredential(SECRET, { ...GRANT, namespaceId, expiresAt });
    expect((await ask("GET", NAMESPACES, { key })).text).toBe('["graces"]');
    const foreign = await mintCredential(SECRET, { ...GRANT, keyId: "another", namespaceId, expiresAt });
    expect((await ask("GET", NAMESPACES, { key: foreign })).status).toBe(401);
  });
});
