// Namespaces, keys and limits through the admin API: what each change makes of the keys that open them,
// and how it refuses.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import {
  ConfigItem,
  HostAnswer,
  KeyItem,
  NamespaceItem,
  pageOf,
  RotationAnswer,
  StatusAnswer,
  SubjectItem,
} from "../../../src/entities/administration.ts";
import { FakeHost } from "../../support/fake-host.worker.ts";
import { admin, clientOf, newClient } from "../platform.worker.ts";

const { DB } = env as unknown as { DB: D1Database };
let made = 0;

async function opens(key: string): Promise<number> {
  return (await clientOf("", key).call("GET", "/limits")).status;
}

/** A fresh subject with a key to the namespace of its name. */
async function newIdentity(more: object = {}): Promise<{ subject: string; key: string; id: string }> {
  const subject = `registered-${made++}`;
  const { status, json } = await admin("POST", "/identities", { subject, ...more });
  expect(status).toBe(200);
  return { subject, key: json.key, id: json.key.split(":")[0] };
}

const keysOf = async (subject: string, query = "") =>
  pageOf(KeyItem).parse((await admin("GET", `/identities/${subject}/keys${query}`)).json).items;

describe("keys", () => {
  test("are several of one subject to one namespace, each with a name; a revoked one is refused from that answer on", async () => {
    const { subject, key } = await newIdentity();
    const { json: ci } = await admin("POST", "/identities", { subject, name: "ci" });
    expect((await admin("POST", "/identities", { subject, name: "ci" })).status).toBe(409);
    const listed = await keysOf(subject);
    expect(listed.map(({ name, good, namespace }) => [name, good, namespace])).toEqual([
      ["default", true, subject],
      ["ci", true, subject],
    ]);
    expect(JSON.stringify(listed)).not.toContain(key.split(":")[1]);
    expect((await keysOf(subject, "?secrets=true")).map((each) => each.key)).toEqual([key, ci.key]);
    for (let round = 0; round < 2; round++) expect([await opens(key), await opens(ci.key)]).toEqual([200, 200]);
    const gone = await admin("DELETE", `/keys/${listed[1]?.id}`);
    expect([gone.status, gone.json.good]).toEqual([200, false]);
    expect([await opens(key), await opens(ci.key)]).toEqual([200, 401]);
    expect((await admin("DELETE", `/keys/${listed[1]?.id}`)).status).toBe(404);
    // The subject stays, without keys.
    expect((await admin("DELETE", `/keys/${listed[0]?.id}`)).status).toBe(200);
    expect([await opens(key), (await admin("GET", `/identities/${subject}`)).json.namespaces]).toEqual([401, []]);
  });

  test("end when they are said to, also where an isolate knows them", async () => {
    const ends = new Date(Date.now() + 4_000).toISOString();
    const { subject, key, id } = await newIdentity({ ends });
    expect(await opens(key)).toBe(200);
    expect((await keysOf(subject))[0]).toMatchObject({ ends: Date.parse(ends), good: true });
    await expect.poll(() => opens(key), { interval: 100 }).toBe(401);
    expect((await keysOf(subject))[0]).toMatchObject({ good: false });
    expect((await admin("PATCH", `/keys/${id}`, { ends: null, name: "for ever" })).json).toMatchObject({
      name: "for ever",
      ends: null,
      good: true,
    });
    expect(await opens(key)).toBe(200);
    expect((await admin("PATCH", `/keys/${id}`, { ends: Date.now() - 1 })).json.good).toBe(false);
    expect(await opens(key)).toBe(401);
  });

  test("are rotated with a time in which both are good, once", async () => {
    const { subject, key, id } = await newIdentity();
    const { status, json } = await admin("POST", `/keys/${id}/rotate`, { overlap: 5 });
    expect(status).toBe(200);
    const { key: next, now, before } = RotationAnswer.parse(json);
    expect(now).toMatchObject({ subject, name: "default", ends: null, replacedBy: null, good: true });
    expect(before).toMatchObject({ id, replacedBy: now.id, good: true });
    expect([await opens(key), await opens(next)]).toEqual([200, 200]);
    const again = await admin("POST", `/keys/${id}/rotate`, {});
    expect([again.status, again.json.error]).toEqual([409, "Another key has taken the place of this one already."]);
    expect((await admin("PATCH", `/keys/${id}`, { ends: null })).status).toBe(409);
    await expect.poll(() => opens(key), { interval: 100 }).toBe(401);
    expect(await opens(next)).toBe(200);
    const atOnce = await admin("POST", `/keys/${now.id}/rotate`);
    expect(atOnce.json.before).toBeNull();
    expect([await opens(next), await opens(atOnce.json.key)]).toEqual([401, 200]);
  });

  test("are rotated by one of two administrators who do it at once", async () => {
    const { subject, id } = await newIdentity();
    const both = await Promise.all([1, 2].map(() => admin("POST", `/keys/${id}/rotate`, { overlap: 60 })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const listed = await keysOf(subject);
    expect(listed.map(({ replacedBy }) => replacedBy === null).sort()).toEqual([false, true]);
  });

  test("tell whose they are, only with their own secret", async () => {
    const { subject, key, id } = await newIdentity();
    const whois = async (text: string) => (await admin("POST", "/whois", { key: text })).json;
    expect(await whois(key)).toMatchObject({ id, subject, namespace: subject, good: true });
    expect(await whois(id)).toMatchObject({ id, subject });
    expect(await whois(`${id}:${"x".repeat(64)}`)).toEqual({ error: expect.any(String), code: expect.any(String) });
    expect((await admin("GET", `/keys/${id}`)).json).toMatchObject({ id, subject });
  });
});

describe("a namespace", () => {
  test("is made before anybody has a key to it, and keeps its id for who gets one", async () => {
    const limits = { firesPerMinute: 3 };
    const { status, json } = await admin("POST", "/namespaces", { name: "made-first", limits });
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: "made-first", state: "open", open: false, subjects: 0, keys: 0, limits });
    expect((await admin("POST", "/namespaces", { name: "made-first" })).status).toBe(409);
    await admin("POST", "/identities", { subject: "comes later", namespace: "made-first" });
    const found = await admin("GET", "/namespaces/made-first");
    expect(found.json).toMatchObject({ id: json.id, open: true, subjects: 1, keys: 1, limits });
  });

  test("that is blocked is opened by no key, and gives none", async () => {
    const { subject, key } = await newIdentity();
    expect(await opens(key)).toBe(200);
    const { json } = await admin("POST", `/namespaces/${subject}/block`);
    expect(json).toMatchObject({ state: "blocked", open: false });
    expect(await opens(key)).toBe(401);
    const refused = await admin("POST", "/identities", { subject: "somebody else", namespace: subject });
    expect([refused.status, refused.json.error]).toEqual([
      409,
      `The namespace '${subject}' is blocked, or being deleted.`,
    ]);
    expect((await admin("POST", `/namespaces/${subject}/unblock`)).json).toMatchObject({ state: "open", open: true });
    expect(await opens(key)).toBe(200);
  });
});

describe("limits", () => {
  test("are set over those there are, or instead of them, and taken away", async () => {
    const path = "/namespaces/limited/limits";
    const set = async (method: string, limits: object) => (await admin(method, path, limits)).json.limits;
    expect((await admin("GET", path)).json).toEqual({ namespace: "limited", limits: {} });
    expect(await set("PATCH", { firesPerMinute: 2, allowedKinds: ["nodejs:20"] })).toEqual({
      firesPerMinute: 2,
      allowedKinds: ["nodejs:20"],
    });
    expect(await set("PATCH", { invocationsPerMinute: 9, allowedKinds: null })).toEqual({
      firesPerMinute: 2,
      invocationsPerMinute: 9,
    });
    // They hold for whoever gets the namespace, and what is set meanwhile is used by the next call.
    const { json: identity } = await admin("POST", "/identities", { subject: "limited" });
    const effective = async () => (await clientOf("limited", identity.key).call("GET", "/limits")).json;
    expect(await effective()).toMatchObject({ firesPerMinute: 2, invocationsPerMinute: 9 });
    expect(await set("PUT", { invocationsPerMinute: 8 })).toEqual({ invocationsPerMinute: 8 });
    expect(await effective()).toMatchObject({ invocationsPerMinute: 8 });
    const both = await Promise.all([set("PATCH", { firesPerMinute: 4 }), set("PATCH", { concurrentInvocations: 5 })]);
    expect(both).toHaveLength(2);
    expect((await admin("GET", path)).json.limits).toEqual({
      invocationsPerMinute: 8,
      firesPerMinute: 4,
      concurrentInvocations: 5,
    });
    expect((await admin("DELETE", path)).status).toBe(200);
    expect((await admin("DELETE", path)).status).toBe(404);
    expect((await admin("GET", path)).json.limits).toEqual({});
    expect((await admin("GET", "/namespaces/limited")).status).toBe(200);
  });

  test("of what is no namespace leave none behind", async () => {
    await admin("PUT", "/namespaces/never-there/limits", { firesPerMinute: 1 });
    expect((await admin("GET", "/namespaces/never-there")).status).toBe(404);
    await admin("DELETE", "/namespaces/never-there/limits");
    const left = await DB.prepare("SELECT 1 FROM namespaces WHERE name = 'never-there'").all();
    expect(left.results).toEqual([]);
  });
});

describe("a host", () => {
  test("is shown with its load, drains, takes work again, and what waits meanwhile is shown with its reason", async () => {
    const host = await FakeHost.dial({ name: "shown", memory: 512 });
    const shown = async () => HostAnswer.parse((await admin("GET", "/hosts/shown")).json);
    await expect.poll(async () => (await shown()).state).toBe("up");
    expect(await shown()).toMatchObject({
      ...{ name: "shown", state: "up", memory: 512, used: 0, running: 0, shards: 1 },
      schedulers: [{ scheduler: "shown/0", connected: true, ready: true, draining: false, memory: 512 }],
    });
    expect((await admin("POST", "/hosts/shown/drain")).json).toEqual({ name: "shown", draining: true });
    await expect.poll(async () => (await shown()).state).toBe("draining");
    expect(await shown()).toMatchObject({ state: "draining", schedulers: [{ ready: false, draining: true }] });
    const client = await newClient();
    const action = { exec: { kind: "nodejs:20", code: "x" } };
    expect((await client.call("PUT", "/actions/waits", action)).status).toBe(200);
    expect((await client.call("POST", "/actions/waits", {})).status).toBe(202);
    const status = async () => StatusAnswer.parse((await admin("GET", "/status")).json);
    await expect.poll(async () => (await status()).waiting.length).toBe(1);
    const { waiting, hosts, stores } = await status();
    expect(waiting).toMatchObject([
      { namespace: client.namespace, waiting: 1, reason: expect.stringMatching(/drain/) },
    ]);
    expect(hosts).toMatchObject([{ name: "shown", state: "draining" }]);
    expect(stores.map(({ name, bytes }) => [name, (bytes ?? 0) > 0])).toEqual([
      ["DB", true],
      ["RECORDS_0", true],
      ["BLOBS", expect.any(Boolean)],
    ]);
    expect(stores.find(({ name }) => name === "BLOBS")?.objects).toEqual(expect.any(Number));
    expect((await admin("GET", "/waiting")).json.items).toHaveLength(1);
    expect((await admin("POST", "/hosts/shown/enable")).json).toEqual({ name: "shown", draining: false });
    await expect.poll(() => host.runs.length).toBe(1);
    await expect.poll(async () => (await status()).waiting).toEqual([]);
    const renamed = await admin("POST", "/hosts/shown/rename", { to: "renamed" });
    expect(renamed.json).toEqual({ name: "renamed", token: expect.stringMatching(/^ewh\.renamed\./) });
    expect((await status()).hosts.map(({ name, state }) => [name, state])).toEqual([
      ["renamed", "new"],
      ["shown", "draining"],
    ]);
    for (const name of ["renamed", "shown"]) expect((await admin("DELETE", `/hosts/${name}`)).status).toBe(200);
  });
});

test("what the platform goes by is told with where it comes from; no secret is in it", async () => {
  const { status, text, json } = await admin("GET", "/config");
  expect(status).toBe(200);
  const items = pageOf(ConfigItem).parse({ ...json, next: null }).items;
  const named = (name: string) => items.find((each) => each.name === name);
  expect(named("ADMIN_TOKEN")).toEqual({
    ...{ name: "ADMIN_TOKEN", kind: "secret", value: "(hidden)", from: "set", default: null },
  });
  expect(named("MASTER_SECRET")).toMatchObject({ kind: "secret", value: "(hidden)" });
  expect(named("MASTER_SECRET_PREVIOUS")).toMatchObject({ kind: "secret", value: null, from: "absent" });
  expect(named("DB")).toMatchObject({ kind: "binding", value: "(bound)", from: "set" });
  expect(named("MAX_QUEUE_TIME")).toMatchObject({ kind: "variable", value: "3600", from: "default", default: "3600" });
  expect(named("HOST_SECURITY_FLOOR")).toMatchObject({ kind: "variable", value: null, from: "absent", default: null });
  for (const secret of ["test-admin-token", (env as { MASTER_SECRET?: string }).MASTER_SECRET ?? "?"]) {
    expect(text).not.toContain(secret);
  }
});

describe("10,000 namespaces and their subjects", () => {
  beforeAll(async () => {
    const row =
      "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n)";
    const name = "'many-' || printf('%05d', i)";
    await DB.batch([
      DB.prepare(`INSERT INTO namespaces (name, limits, id) SELECT ${name}, '{}', 'id-' || i ${row}`),
      DB.prepare(`INSERT INTO subjects (subject, created) SELECT ${name}, i ${row}`),
      DB.prepare(`INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created)
        SELECT 'uuid-' || i, ${name}, ${name}, 'l', 'v1.', i ${row}`),
    ]);
  });

  test.each([
    ["/namespaces", NamespaceItem],
    ["/identities", SubjectItem],
  ] as const)("%s come in pages of which each is quick", async (path, item) => {
    const seen = new Set<string>();
    const times: number[] = [];
    let after: string | null = "many-";
    while (after !== null) {
      const began = performance.now();
      const { json } = await admin("GET", `${path}?limit=500&after=${encodeURIComponent(after)}`);
      times.push(performance.now() - began);
      const page = pageOf<typeof NamespaceItem | typeof SubjectItem>(item).parse(json);
      for (const each of page.items) seen.add("name" in each ? each.name : each.subject);
      after = page.next;
    }
    expect([...seen].filter((name) => name.startsWith("many-"))).toHaveLength(10_000);
    const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    console.log(
      `${path}: ${times.length} pages of 500, median ${median.toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`,
    );
    const half = times.length / 2;
    const quickest = (from: number, to: number) => Math.min(...times.slice(from, to));
    expect(quickest(half, times.length), "a later page costs what an early one costs").toBeLessThan(
      3 * quickest(0, half) + 5,
    );
  });
});

describe("bad input", () => {
  const long = "x".repeat(300);
  test.each<[string, string, unknown]>([
    ["POST", "/namespaces", {}],
    ["POST", "/namespaces", { name: "a/b" }],
    ["POST", "/namespaces", { name: long }],
    ["POST", "/namespaces", { name: 7 }],
    ["POST", "/namespaces", { name: "fine", id: "mine" }],
    ["PATCH", "/namespaces/fine/limits", { memory: 1 }],
    ["PATCH", "/namespaces/fine/limits", { maxParameterSize: "much" }],
    ["PUT", "/namespaces/fine/limits", { firesPerMinute: null }],
    ["PUT", "/namespaces/a%2Fb/limits", { firesPerMinute: 1 }],
    ["PATCH", "/keys/unknown", {}],
    ["PATCH", "/keys/unknown", { name: " x" }],
    ["PATCH", "/keys/unknown", { ends: "tomorrow" }],
    ["PATCH", "/keys/unknown", { ends: -1 }],
    ["PATCH", "/keys/unknown", { ends: 1e300 }],
    ["POST", "/keys/unknown/rotate", { overlap: -1 }],
    ["POST", "/keys/unknown/rotate", { overlap: 1e9 }],
    ["POST", "/keys/unknown/rotate", { key: "short" }],
    ["POST", "/hosts/unknown/rename", {}],
    ["POST", "/whois", {}],
    ["POST", "/whois", { key: long }],
    ["GET", "/namespaces?limit=0", undefined],
    ["GET", "/namespaces?limit=many", undefined],
    ["GET", `/identities?after=${long}${long}`, undefined],
    ["GET", "/identities/somebody/keys?secrets=perhaps", undefined],
  ])("%s %s %j is 400", async (method, path, body) => {
    const { status, json } = await admin(method, path, body);
    expect([status, json]).toEqual([400, { error: expect.any(String), code: expect.any(String) }]);
  });

  test.each([
    ["GET", "/namespaces/nowhere"],
    ["POST", "/namespaces/nowhere/block"],
    ["DELETE", "/namespaces/nowhere/limits"],
    ["GET", "/hosts/unknown"],
    ["POST", "/hosts/unknown/drain"],
    ["GET", "/keys/unknown"],
    ["DELETE", "/keys/unknown"],
    ["POST", "/keys/unknown/rotate"],
  ])("%s %s is 404", async (method, path) => {
    expect((await admin(method, path)).status).toBe(404);
  });

  test("pages of what is odd are empty", async () => {
    for (const after of ["1e999.x", "-1.", "999999999999999.", "\u{10ffff}", "%00"]) {
      const { status } = await admin("GET", `/identities/nobody/keys?after=${encodeURIComponent(after)}`);
      expect(status).toBe(200);
    }
  });
});
