// A platform that is not configured, or was given another secret: 503 that names the variable at every door but /ping.

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CredentialGrant, mintCredential } from "../../src/entities/credential.ts";
import type { MasterSecret } from "../../src/entities/sealing.ts";
import { type Env, masterSecretOf } from "../../src/env.ts";
import { makeApp } from "../../src/http/app.ts";
import front from "../../src/index.ts";
import { ROSTER_NAME } from "../../src/protocol/names.ts";
import { servicesOf } from "../../src/services/services.ts";
import { NEWEST_MIGRATION } from "../../src/storage/d1/migrated.ts";
import { openStores } from "../../src/storage/open.ts";
import { made } from "../storage/stores.worker.ts";

const own = env as unknown as Env;
const OLD = masterSecretOf(own);
const NEW = "the-secret-that-takes-its-place-0123456789";
const app = makeApp(servicesOf);

/** A Worker of its own over the same bindings. */
function worker(changes: Partial<Record<keyof Env, unknown>>) {
  const given = { ...own, ...changes } as Env;
  return async (path: string, init: RequestInit = {}) => {
    // Its batch of metrics follows a second later, and is not waited for.
    const context = createExecutionContext();
    const response = await app.fetch(new Request(`http://edgewhisk.test${path}`, init), given, context);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  };
}

const basic = (key: string) => ({ headers: { Authorization: `Basic ${btoa(key)}` } });

function stores(secret: MasterSecret) {
  return openStores(own, secret);
}

let log: ReturnType<typeof vi.spyOn>;

beforeEach(async () => {
  await own.DB.batch(
    ["identities", "subjects", "namespaces", "deployment", "secrets", "webhooks"].map((each) =>
      own.DB.prepare(`DELETE FROM ${each}`),
    ),
  );
  log = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => log.mockRestore());

describe("without MASTER_SECRET", () => {
  it.each([undefined, "", "only-31-bytes-long-0123456789ab"])("(%o) nothing is served but /ping", async (secret) => {
    const alice = await made(stores(OLD).identities, { subject: "alice", namespace: "home" });
    const ask = worker({ MASTER_SECRET: secret });
    const namespaceId = alice.namespace.uuid;
    const empty = { current: secret ?? "", previous: null };
    const forged = await mintCredential(empty, {
      namespaceId,
      keyId: "",
      rights: "deploy",
      expiresAt: Date.now() + 60_000,
    });
    const requests: [string, RequestInit][] = [
      ["/api/v1/namespaces", basic(forged)],
      ["/api/v1/namespaces", basic(alice.key)],
      ["/api/v1/namespaces/_/actions/a", { method: "OPTIONS" }],
      ["/api/v1/web/home/default/page", {}],
      ["/admin/v1/hosts", { headers: { Authorization: "Bearer test-admin-token" } }],
      ["/host/v1/connect", {}],
      ["/", {}],
      ["/invokers", {}],
      ["/nowhere", {}],
    ];
    for (const [path, init] of requests) {
      const { status, text, headers } = await ask(path, init);
      expect([path, status]).toEqual([path, 503]);
      expect(text).toMatch(/MASTER_SECRET is .*npx wrangler secret put MASTER_SECRET/);
      expect(JSON.parse(text).code).toBe(headers.get("x-request-id"));
    }
    expect(await ask("/ping")).toMatchObject({ status: 200, text: "pong" });
    expect(log).toHaveBeenCalledTimes(1);
    expect(log.mock.calls.flat().join()).toContain("MASTER_SECRET");
    if (secret) expect(log.mock.calls.flat().join()).not.toContain(secret);
  });

  it("a credential that was minted with the empty secret opens nothing once there is one", async () => {
    const alice = await made(stores(OLD).identities, { subject: "alice", namespace: "home" });
    const grant: CredentialGrant = {
      namespaceId: alice.namespace.uuid,
      keyId: "",
      rights: "deploy",
      expiresAt: Date.now() + 60_000,
    };
    const forged = await mintCredential({ current: "", previous: null }, grant);
    expect((await worker({})("/api/v1/namespaces", basic(forged))).status).toBe(401);
    expect((await worker({ MASTER_SECRET_PREVIOUS: "" })("/api/v1/namespaces", basic(forged))).status).toBe(401);
    const good = await mintCredential(OLD, grant);
    expect((await worker({})("/api/v1/namespaces", basic(good))).status).toBe(200);
  });
});

describe("another variable that makes no sense", () => {
  it.each(["LIMITS", "DEFAULT_THROTTLE", "ACTIVATION_SHARDS"])("%s is named as well", async (name) => {
    const { status, text } = await worker({ [name]: "{" })("/api/v1");
    expect(status).toBe(503);
    expect(text).toContain(name);
  });
});

describe("a changed secret", () => {
  it("is noticed by the check value, before a key is asked for", async () => {
    const alice = await made(stores(OLD).identities, { subject: "alice", namespace: "home" });
    expect((await worker({})("/api/v1/namespaces", basic(alice.key))).status).toBe(200);
    const changed = worker({ MASTER_SECRET: NEW });
    const { status, text } = await changed("/api/v1");
    expect(status).toBe(503);
    expect(text).toMatch(/MASTER_SECRET is not the one the stored keys were sealed with.*MASTER_SECRET_PREVIOUS/);
    expect((await changed("/ping")).status).toBe(200);
    await changed("/api/v1");
    expect(log).toHaveBeenCalledTimes(1);
    expect((await worker({})("/api/v1/namespaces", basic(alice.key))).status).toBe(200);
  });

  it("is noticed by the keys themselves where no check value was ever noted", async () => {
    await made(stores(OLD).identities, { subject: "alice", namespace: "home" });
    expect((await worker({ MASTER_SECRET: NEW })("/api/v1")).status).toBe(503);
  });

  it("beside the one of before opens all keys, seals them anew on use, and after resealing stands alone", async () => {
    const { identities } = stores(OLD);
    const [used, idle] = [
      await made(identities, { subject: "alice", namespace: "home" }),
      await made(identities, { subject: "bobby", namespace: "home" }),
    ];
    await worker({})("/api/v1");
    const hook = { id: "w", namespace: "home", namespaceId: "n", trigger: "t", settings: "{}", created: 1 };
    await stores(OLD).webhooks.create(hook, { address: "hash", secret: "signed with it", max: 1 });
    const both = { MASTER_SECRET: NEW, MASTER_SECRET_PREVIOUS: OLD.current };
    const rotating = worker(both);
    expect((await rotating("/api/v1/namespaces", basic(used.key))).text).toBe('["home"]');
    const alone = stores({ current: NEW, previous: null });
    const [uuid = "", secret = ""] = used.key.split(":");
    expect((await alone.identities.byKey(uuid, secret))?.subject).toBe("alice");
    // Too early.
    const early = await worker({ MASTER_SECRET: NEW })("/api/v1");
    expect(early.status).toBe(503);
    expect(early.text).toMatch(/MASTER_SECRET_PREVIOUS is missing.*reseal/);
    const admin = { method: "POST", headers: { Authorization: "Bearer test-admin-token" } };
    const { status, text } = await rotating("/admin/v1/reseal", admin);
    expect([status, JSON.parse(text)]).toEqual([200, { resealed: 2, lost: [], next: null, mayGo: expect.any(String) }]);
    expect(await alone.webhooks.byAddress("hash")).toMatchObject({
      webhook: hook,
      secrets: [{ text: "signed with it" }],
    });
    const after = worker({ MASTER_SECRET: NEW });
    for (const each of [used, idle]) {
      expect((await after("/api/v1/namespaces", basic(each.key))).text).toBe('["home"]');
    }
    expect((await worker({})("/api/v1")).status).toBe(503);
  });

  it("of a deployment that had none makes the keys from then worthless, and says so", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const alice = await made(stores({ current: "", previous: null }).identities, {
      subject: "alice",
      namespace: "home",
    });
    const ask = worker({});
    expect((await ask("/api/v1/namespaces", basic(alice.key))).status).toBe(401);
    expect(warn.mock.calls.flat().join()).toMatch(/while MASTER_SECRET was missing.*rotate/);
    warn.mockRestore();
  });
});

describe("what is announced", () => {
  it("is no throttle where there is none, and what is enforced where there is one", async () => {
    const limits = async (changes: Partial<Record<keyof Env, unknown>>) =>
      JSON.parse((await worker(changes)("/")).text).limits;
    const names = ["actions_per_minute", "triggers_per_minute", "concurrent_actions"];
    expect(Object.keys(await limits({ DEFAULT_THROTTLE: "none" })).filter((name) => names.includes(name))).toEqual([]);
    expect(await limits({ DEFAULT_THROTTLE: '{"invocationsPerMinute":7}' })).toMatchObject({
      actions_per_minute: 7,
      triggers_per_minute: 60,
      concurrent_actions: 30,
    });
  });

  it("is when the platform was built, or uploaded", async () => {
    const info = async (changes: Partial<Record<keyof Env, unknown>>) =>
      JSON.parse((await worker(changes)("/api/v1")).text);
    const [built, uploaded] = ["2026-11-01T10:00:00.000Z", "2026-11-02T10:00:00Z"];
    const version = { id: "v", tag: "", timestamp: uploaded };
    expect(await info({ BUILD: "b", BUILD_DATE: built, VERSION: version })).toMatchObject({
      build: built,
      buildno: "b",
    });
    expect(await info({ BUILD_DATE: "", VERSION: version })).toMatchObject({ build: uploaded, buildno: "dev" });
    // By wrangler.toml it is always there.
    expect(Date.parse((await info({})).build)).not.toBeNaN();
    expect(await info({ VERSION: undefined })).toMatchObject({ build: "unknown" });
    expect((await worker({ BUILD_DATE: "yesterday" })("/api/v1")).text).toContain("BUILD_DATE must be a date");
  });

  it("does not name the machines to everybody, unless that is said", async () => {
    const roster = own.ROSTER.getByName(ROSTER_NAME);
    const entry = { host: "b", connected: true, draining: false, memory: 1, engine: "e", build: "b", blackbox: false };
    for (const host of ["secret-b", "secret-a"]) {
      const connected = host === "secret-b";
      await roster.createHost(host, { rotate: false });
      await roster.report({
        ...entry,
        scheduler: `${host}/0`,
        host,
        connected: true,
        runtimes: [],
        since: 1,
        epoch: 1,
      });
      if (!connected) {
        await roster.report({ ...entry, scheduler: `${host}/0`, host, connected, runtimes: [], since: 2, epoch: 1 });
      }
    }
    const invokers = async (changes: Partial<Record<keyof Env, unknown>>) =>
      JSON.parse((await worker(changes)("/invokers")).text);
    expect(await invokers({ DEVELOPMENT_KEYS: undefined })).toEqual({ invoker0: "down", invoker1: "up" });
    const shown = { "secret-a/0": "down", "secret-b/0": "up" };
    expect(await invokers({ DEVELOPMENT_KEYS: undefined, INVOKER_NAMES: "shown" })).toEqual(shown);
    expect(await invokers({ DEVELOPMENT_KEYS: "loopback" })).toEqual(shown);
  });
});

describe("a database that is not migrated up to the last one", () => {
  const note = (change: string) => own.DB.prepare(change).bind(NEWEST_MIGRATION).run();

  it("knows the name of the last migration", () => {
    const { TEST_MIGRATIONS } = env as unknown as { TEST_MIGRATIONS: { name: string }[] };
    expect(NEWEST_MIGRATION).toBe(TEST_MIGRATIONS.at(-1)?.name);
  });

  it("is a 503 that says what to do at every door, /ping too, and served as soon as it is migrated", async () => {
    const ask = worker({});
    await note("DELETE FROM d1_migrations WHERE name = ?");
    for (const path of [
      "/ping",
      "/",
      "/api/v1",
      "/api/v1/namespaces",
      "/invokers",
      "/admin/v1/hosts",
      "/host/v1/connect",
    ]) {
      const { status, headers, text } = await ask(path);
      expect([path, status, headers.get("retry-after")]).toEqual([path, 503, "1"]);
      expect(JSON.parse(text).error).toMatch(/lacks the migration \d{4}_\w+\.sql.*npx edgewhisk migrate/);
    }
    await own.DB.prepare("ALTER TABLE d1_migrations RENAME TO aside").run();
    expect((await worker({})("/ping")).status).toBe(503);
    await own.DB.prepare("ALTER TABLE aside RENAME TO d1_migrations").run();
    await note("INSERT INTO d1_migrations (name) VALUES (?)");
    await expect.poll(async () => (await ask("/ping")).text).toBe("pong");
    expect((await ask("/api/v1/namespaces")).status).toBe(401);
  });
});

describe("CONSOLE_HOST", () => {
  const at = async (host: string, path: string, CONSOLE_HOST?: string) => {
    const request = new Request(`https://${host}${path}`, { headers: { Host: host } });
    const given = { ...own, ...(CONSOLE_HOST === undefined ? {} : { CONSOLE_HOST }) } as Env;
    const response = await front.fetch(request as never, given, createExecutionContext());
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const HOST = "console.example.org";

  it("names where the console is served, with the API and nothing that a tenant has made; elsewhere there is none", async () => {
    const page = await at(HOST, "/", HOST);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    const script = /src="(\/console\/[^"]+)"/.exec(page.text)?.[1] ?? "";
    expect((await at(HOST, script, HOST)).status).toBe(200);
    const api = await at(HOST, "/api/v1/namespaces", HOST);
    expect([api.status, api.headers.get("access-control-allow-origin")]).toEqual([401, null]);
    for (const path of [
      "/api/v1/web/guest/default/x",
      "/api/v1/web/guest/default/x.html",
      "/api/v1/webhooks/x",
      "/host/v1/connect",
    ]) {
      const { status, text } = await at(HOST, path, HOST);
      expect([path, status, text]).toEqual([
        path,
        404,
        expect.stringContaining("the console serves itself and the API"),
      ]);
    }
    for (const other of ["api.example.org", `${HOST}.evil.example`, `x.${HOST}`]) {
      const root = await at(other, "/", HOST);
      expect([other, root.headers.get("content-type")]).toEqual([other, expect.stringContaining("json")]);
      expect((await at(other, script, HOST)).status).toBe(404);
    }
    expect((await at("CONSOLE.example.org", "/", `second.example.org,${HOST}`)).text).toContain("<!doctype html>");
  });

  it("absent, the console is off; what is no host is refused by its name", async () => {
    expect((await at(HOST, "/")).text).not.toContain("<!doctype html>");
    const wrong = await at("api.example.org", "/api/v1/namespaces", "https://console.example.org/");
    expect([wrong.status, wrong.text]).toEqual([503, expect.stringContaining("CONSOLE_HOST")]);
  });
});

it("a database without its tables is named, with the way out", async () => {
  await own.DB.exec("DROP TABLE deployment");
  const { status, text } = await worker({})("/api/v1");
  expect(status).toBe(503);
  expect(text).toMatch(/DB lacks tables.*npx edgewhisk migrate/);
});
