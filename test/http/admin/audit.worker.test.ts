// The audit log: each route that changes something leaves its line, with who did it; what is refused as well, bounded;
// no secret is in it.

import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { AuditAnswer, type AuditLine } from "../../../src/entities/audit.ts";
import { makeApp } from "../../../src/http/app.ts";
import { AUDITED, NOT_AUDITED } from "../../../src/http/audit/acts.ts";
import worker from "../../../src/index.ts";
import { servicesOf } from "../../../src/services/services.ts";
import { admin, answer, type Client, clientOf, newClient, send } from "../platform.worker.ts";

const { DB } = env as unknown as { DB: D1Database };
const ADDRESS = "203.0.113.7";
let made = 0;

async function lines(query = "", limit = 1_000): Promise<AuditLine[]> {
  const { status, json } = await admin("GET", `/audit?limit=${limit}&${query}`);
  expect(status).toBe(200);
  return AuditAnswer.parse(json).items;
}

const ofRequest = async (id: string) => (await lines("", 50)).filter((line) => line.transactionId === id);

interface Sent {
  id: string;
  status: number;
  json: ReturnType<typeof JSON.parse>;
}

/** A request that can be told from all others by its transaction id. */
async function sent(
  method: string,
  path: string,
  { key, body, token = "test-admin-token" }: { key?: string; body?: unknown; token?: string } = {},
): Promise<Sent> {
  const id = `audited-${made++}`;
  const authorization = key === undefined ? `Bearer ${token}` : `Basic ${btoa(key)}`;
  const type = { "Content-Type": typeof body === "string" ? "application/x-ndjson" : "application/json" };
  const headers = { ...type, Authorization: authorization, "X-Request-ID": id, "CF-Connecting-IP": ADDRESS };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await answer(await send(path, { method, headers, ...(body === undefined ? {} : { body: text }) }));
  return { id, status: reply.status, json: reply.json };
}

const API = "/api/v1/namespaces/_";
const ADMIN = "/admin/v1";
const CODE = { exec: { kind: "nodejs:default", code: "function main() {}" } };

/** Makes what a route needs, and calls it once so that it does what it is for. */
type Recipe = (made: { name: string; client: Client }) => Promise<Sent>;

const subjectOf = async () => {
  const subject = `audited-subject-${made++}`;
  const { json } = await admin("POST", "/identities", { subject });
  return { subject, id: String(json.key).split(":")[0] ?? "" };
};
const ofSubject =
  (method: string, verb: string, body?: unknown): Recipe =>
  async () => {
    const { subject } = await subjectOf();
    if (verb === "/unblock") await admin("POST", `/identities/${subject}/block`);
    return sent(method, `${ADMIN}/identities/${subject}${verb}`, { body });
  };
const ofKey =
  (method: string, verb: string, body?: unknown): Recipe =>
  async () =>
    sent(method, `${ADMIN}/keys/${(await subjectOf()).id}${verb}`, { body });
const HOOKS = ["/forwarding", "/events"];
const HOOK = { url: "https://sink.example/records" };
const ofNamespace =
  (method: string, verb: string, body?: unknown): Recipe =>
  async ({ name }) => {
    await admin("POST", "/namespaces", { name, limits: { firesPerMinute: 7 } });
    if (verb === "/unblock") await admin("POST", `/namespaces/${name}/block`);
    if (HOOKS.includes(verb) && method === "DELETE") await admin("PUT", `/namespaces/${name}${verb}`, HOOK);
    if (verb === "/retention") await admin("PUT", `/namespaces/${name}/retention`, { maxRecords: 9 });
    return sent(method, `${ADMIN}/namespaces/${name}${verb}`, { body: verb === "" ? { confirm: name } : body });
  };
const ofHost =
  (method: string, verb: string): Recipe =>
  async ({ name }) => {
    await admin("POST", "/hosts", { name });
    const body = verb === "/rename" ? { to: `${name}-b` } : {};
    return sent(method, `${ADMIN}/hosts/${name}${verb}`, method === "DELETE" ? {} : { body });
  };
const ofAdministrator =
  (method: string, verb: string, body?: unknown): Recipe =>
  async ({ name }) => {
    await admin("POST", "/administrators", { name, role: "operator" });
    return sent(method, `${ADMIN}/administrators/${name}${verb}`, { body });
  };
/** A source that the tests' environment declares, and a namespace. */
const ofGrant =
  (method: string): Recipe =>
  async ({ name }) => {
    await admin("POST", "/namespaces", { name });
    const path = `/sources/d1/SHOP/grants/${name}`;
    if (method === "DELETE") expect((await admin("PUT", path)).status).toBe(200);
    return sent(method, `${ADMIN}${path}`);
  };
/** An entity of the client: put first where it is to be changed. */
const ofEntity =
  (method: string, path: string, { put, body }: { put?: unknown; body?: unknown }): Recipe =>
  async ({ name, client }) => {
    const at = path.replace("$", name);
    if (at.startsWith("/actions/pack/")) await client.call("PUT", "/packages/pack?overwrite=true", {});
    if (at.startsWith("/rules/")) {
      await client.call("PUT", "/triggers/t?overwrite=true", {});
      await client.call("PUT", "/actions/a?overwrite=true", CODE);
    }
    if (put !== undefined) expect((await client.call("PUT", at, put)).status).toBe(200);
    return sent(method, `${API}${at}`, { key: client.key, body });
  };
/** Another key of the client's namespace, by its owner. */
const ofOwnKey =
  (method: string, verb: string, body?: unknown): Recipe =>
  async ({ client }) => {
    const { json } = await client.call("POST", "/keys", { name: "mine", role: "developer" });
    return sent(method, `${API}/keys/${json.now.id}${verb}`, { key: client.key, body });
  };
const ofOwn =
  (method: string, piece: string, { put, body }: { put?: unknown; body?: unknown }): Recipe =>
  async ({ client }) => {
    if (put !== undefined) expect((await client.call("PUT", piece, put)).status).toBe(200);
    return sent(method, `${API}${piece}`, { key: client.key, body });
  };
const RULE = { trigger: "/_/t", action: "/_/a" };

const RECIPES: Readonly<Record<string, Recipe>> = {
  "PUT /api/v1/namespaces/:ns/actions/:name": ofEntity("PUT", "/actions/$", { body: CODE }),
  "PUT /api/v1/namespaces/:ns/actions/:package/:name": ofEntity("PUT", "/actions/pack/$", { body: CODE }),
  "DELETE /api/v1/namespaces/:ns/actions/:name": ofEntity("DELETE", "/actions/$", { put: CODE }),
  "DELETE /api/v1/namespaces/:ns/actions/:package/:name": ofEntity("DELETE", "/actions/pack/$", { put: CODE }),
  "PUT /api/v1/namespaces/:ns/packages/:name": ofEntity("PUT", "/packages/$", { body: {} }),
  "DELETE /api/v1/namespaces/:ns/packages/:name": ofEntity("DELETE", "/packages/$", { put: {} }),
  "PUT /api/v1/namespaces/:ns/triggers/:name": ofEntity("PUT", "/triggers/$", { body: {} }),
  "DELETE /api/v1/namespaces/:ns/triggers/:name": ofEntity("DELETE", "/triggers/$", { put: {} }),
  "PUT /api/v1/namespaces/:ns/rules/:name": ofEntity("PUT", "/rules/$", { body: RULE }),
  "POST /api/v1/namespaces/:ns/rules/:name": ofEntity("POST", "/rules/$", { put: RULE, body: { status: "inactive" } }),
  "DELETE /api/v1/namespaces/:ns/rules/:name": ofEntity("DELETE", "/rules/$", { put: RULE }),
  "POST /api/v1/namespaces/:ns/records": ({ client }) =>
    sent("POST", `${API}/records`, { key: client.key, body: "{}\n" }),
  "POST /api/v1/namespaces/:ns/keys": ofOwn("POST", "/keys", { body: { name: "mine", role: "reader" } }),
  "PATCH /api/v1/namespaces/:ns/keys/:id": ofOwnKey("PATCH", "", { role: "reader" }),
  "DELETE /api/v1/namespaces/:ns/keys/:id": ofOwnKey("DELETE", ""),
  "POST /api/v1/namespaces/:ns/keys/:id/rotate": ofOwnKey("POST", "/rotate", { overlap: 60 }),
  "PUT /api/v1/namespaces/:ns/retention": ofOwn("PUT", "/retention", { body: { maxRecords: 8 } }),
  "DELETE /api/v1/namespaces/:ns/retention": ofOwn("DELETE", "/retention", { put: { maxRecords: 9 } }),
  "PUT /api/v1/namespaces/:ns/forwarding": ofOwn("PUT", "/forwarding", { body: HOOK }),
  "DELETE /api/v1/namespaces/:ns/forwarding": ofOwn("DELETE", "/forwarding", { put: HOOK }),
  "POST /admin/v1/identities": ({ name }) => sent("POST", `${ADMIN}/identities`, { body: { subject: `made-${name}` } }),
  "DELETE /admin/v1/identities/:subject": ofSubject("DELETE", ""),
  "POST /admin/v1/identities/:subject/block": ofSubject("POST", "/block"),
  "POST /admin/v1/identities/:subject/unblock": ofSubject("POST", "/unblock"),
  "POST /admin/v1/identities/:subject/rotate": ofSubject("POST", "/rotate", {}),
  "PATCH /admin/v1/keys/:id": ofKey("PATCH", "", { name: "another" }),
  "DELETE /admin/v1/keys/:id": ofKey("DELETE", ""),
  "POST /admin/v1/keys/:id/rotate": ofKey("POST", "/rotate", { overlap: 60 }),
  "POST /admin/v1/namespaces": ({ name }) => sent("POST", `${ADMIN}/namespaces`, { body: { name } }),
  "POST /admin/v1/namespaces/:namespace/block": ofNamespace("POST", "/block"),
  "POST /admin/v1/namespaces/:namespace/unblock": ofNamespace("POST", "/unblock"),
  "DELETE /admin/v1/namespaces/:namespace": ofNamespace("DELETE", ""),
  "PUT /admin/v1/namespaces/:namespace/limits": ofNamespace("PUT", "/limits", { firesPerMinute: 8 }),
  "PATCH /admin/v1/namespaces/:namespace/limits": ofNamespace("PATCH", "/limits", { invocationsPerMinute: 8 }),
  "DELETE /admin/v1/namespaces/:namespace/limits": ofNamespace("DELETE", "/limits"),
  "PUT /admin/v1/namespaces/:namespace/retention": ofNamespace("PUT", "/retention", { maxRecords: 8 }),
  "DELETE /admin/v1/namespaces/:namespace/retention": ofNamespace("DELETE", "/retention"),
  "PUT /admin/v1/namespaces/:namespace/forwarding": ofNamespace("PUT", "/forwarding", HOOK),
  "DELETE /admin/v1/namespaces/:namespace/forwarding": ofNamespace("DELETE", "/forwarding"),
  "PUT /admin/v1/namespaces/:namespace/events": ofNamespace("PUT", "/events", HOOK),
  "DELETE /admin/v1/namespaces/:namespace/events": ofNamespace("DELETE", "/events"),
  "PUT /api/v1/namespaces/:ns/events": ofOwn("PUT", "/events", { body: HOOK }),
  "DELETE /api/v1/namespaces/:ns/events": ofOwn("DELETE", "/events", { put: HOOK }),
  "POST /admin/v1/namespaces/:namespace/records": ofNamespace("POST", "/records", "{}\n"),
  "POST /admin/v1/records/move": () => sent("POST", `${ADMIN}/records/move`, { body: { to: "d1" } }),
  "POST /admin/v1/reseal": () => sent("POST", `${ADMIN}/reseal`, { body: {} }),
  "PUT /admin/v1/sources/:kind/:name/grants/:namespace": ofGrant("PUT"),
  "DELETE /admin/v1/sources/:kind/:name/grants/:namespace": ofGrant("DELETE"),
  "POST /admin/v1/administrators": ({ name }) =>
    sent("POST", `${ADMIN}/administrators`, { body: { name, role: "auditor" } }),
  "PATCH /admin/v1/administrators/:name": ofAdministrator("PATCH", "", { role: "auditor" }),
  "DELETE /admin/v1/administrators/:name": ofAdministrator("DELETE", ""),
  "POST /admin/v1/administrators/:name/rotate": ofAdministrator("POST", "/rotate", {}),
  "POST /admin/v1/hosts": ({ name }) => sent("POST", `${ADMIN}/hosts`, { body: { name } }),
  "DELETE /admin/v1/hosts/:name": ofHost("DELETE", ""),
  "POST /admin/v1/hosts/:name/drain": ofHost("POST", "/drain"),
  "POST /admin/v1/hosts/:name/undrain": ofHost("POST", "/undrain"),
  "POST /admin/v1/hosts/:name/enable": ofHost("POST", "/enable"),
  "POST /admin/v1/hosts/:name/rename": ofHost("POST", "/rename"),
};

/** Where the line of a stored change has another name than the act: what was there before decides. */
const STORED_AS: Readonly<Record<string, string>> = {
  "action.write": "action.create",
  "package.write": "package.create",
  "trigger.write": "trigger.create",
  "rule.write": "rule.create",
  "rule.switch": "rule.update",
  "administrator.rotate": "administrator.change",
};

describe("each route that changes something", () => {
  test("is in the table of what is audited, or of what is not, and has a recipe here", () => {
    const verbs = new Set(["PUT", "POST", "PATCH", "DELETE"]);
    const routes = makeApp(servicesOf).routes.filter(({ method, path }) => verbs.has(method) && !path.endsWith("/*"));
    const names = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    expect([...names].filter((name) => !AUDITED.has(name) && !NOT_AUDITED.has(name))).toEqual([]);
    expect([...AUDITED.keys(), ...NOT_AUDITED].filter((name) => !names.has(name))).toEqual([]);
    expect(Object.keys(RECIPES).sort()).toEqual([...AUDITED.keys()].sort());
  });

  // What goes over all namespaces first, while there are few.
  test.each([...AUDITED].toSorted(([, one]) => (one.line === "outside" ? -1 : 1)))(
    "%s leaves its line, with who, from where and what",
    async (route, { act }) => {
      const client = await newClient();
      const recipe = RECIPES[route];
      if (recipe === undefined) throw new Error("no recipe");
      const { id, status } = await recipe({ name: `n${made++}`, client });
      expect(status).toBeLessThan(300);
      const own = await ofRequest(id);
      const line = own.find((each) => each.act === (STORED_AS[act] ?? act));
      const isAdmin = route.includes("/admin/");
      expect(line).toMatchObject({ result: "done", source: ADDRESS, count: 1, via: isAdmin ? "admin" : "key" });
      if (!isAdmin) {
        expect(line).toMatchObject({
          namespace: client.namespace,
          keyId: client.key.split(":")[0],
          keyName: "default",
        });
      }
      expect(own.filter(({ result }) => result !== "done")).toEqual([]);
    },
  );
});

describe("what is refused", () => {
  test("has a line with why, and leaves no other; a failed administrator's entry, too", async () => {
    const { key, namespace } = await newClient();
    const missing = await sent("DELETE", `${API}/actions/nothing`, { key });
    const foreign = await sent("PUT", "/api/v1/namespaces/guest/actions/x?overwrite=true", { key, body: CODE });
    const stranger = await sent("PUT", `${API}/triggers/t`, {
      key: `${crypto.randomUUID()}:${"s".repeat(64)}`,
      body: {},
    });
    const entry = await sent("GET", `${ADMIN}/identities`, { token: "wrong-token" });
    const outside = await sent("POST", `${ADMIN}/hosts/no-such-host/drain`, { body: {} });
    expect([missing, foreign, stranger, entry, outside].map(({ status }) => status)).toEqual([404, 403, 401, 401, 404]);
    const only = async ({ id }: Sent, wanted: object) => {
      await expect.poll(() => ofRequest(id)).toMatchObject([wanted]);
    };
    await only(missing, { result: "refused", act: "action.delete", target: `${namespace}/nothing`, namespace });
    await only(foreign, { act: "action.write", namespace: "guest", detail: { status: 403, code: "not-authorized" } });
    await only(stranger, { act: "trigger.write", via: "key", subject: "", keyId: "", detail: { status: 401 } });
    await only(entry, { act: "admin.enter", via: "admin", detail: { status: 401, code: "bad-credentials" } });
    await only(outside, { act: "host.drain", result: "refused", target: "hosts/no-such-host/drain" });
  });

  test("has sixty lines of a key in a minute, and then a count", async () => {
    const { key, namespace } = await newClient();
    const began = Math.floor(Date.now() / 60_000);
    for (let n = 0; n < 70; n++)
      expect((await clientOf(namespace, key).call("DELETE", `/rules/r${n}`)).status).toBe(404);
    const keyId = key.split(":")[0];
    const told = async () => {
      const own = await lines(`key=${keyId}`);
      return [
        own.filter(({ result }) => result === "refused").length,
        own.reduce((sum, { result, count }) => sum + (result === "counted" ? count : 0), 0),
      ];
    };
    // Where a minute ended meanwhile the next one began anew.
    await expect.poll(async () => (await told()).reduce((sum, each) => sum + each)).toBe(70);
    if (Math.floor(Date.now() / 60_000) === began) expect(await told()).toEqual([60, 10]);
  });
});

test("a change that does not happen has no line of one, and a change of several entities has all", async () => {
  const { call, namespace } = await newClient();
  await call("PUT", "/packages/pack", {});
  for (const name of ["a", "b"]) await call("PUT", `/actions/pack/${name}`, CODE);
  expect((await call("PUT", "/actions/pack/a", CODE)).status).toBe(409);
  expect((await call("DELETE", "/packages/pack")).status).toBe(409);
  const acts = async () =>
    (await lines(`namespace=${namespace}&result=done`)).map(({ act, target }) => `${act} ${target}`).sort();
  const before = [
    `action.create ${namespace}/pack/a`,
    `action.create ${namespace}/pack/b`,
    `package.create ${namespace}/pack`,
  ];
  const issued = (each: string) => /^(action|package)/.test(each);
  expect((await acts()).filter(issued)).toEqual(before);
  expect((await call("DELETE", "/packages/pack?force=true")).status).toBe(200);
  const gone = before.map((each) => each.replace("create", "delete"));
  expect((await acts()).filter(issued)).toEqual([...before, ...gone].sort());
});

test("no key, token, code or parameter is in it", async () => {
  const secret = "a-secret-that-nobody-may-read";
  const { call, key } = await newClient();
  await call("PUT", "/actions/a", {
    exec: { kind: "nodejs:default", code: `// ${secret}` },
    parameters: [{ key: "k", value: secret }],
  });
  await sent("DELETE", `${ADMIN}/keys/${encodeURIComponent(key)}`);
  await sent("DELETE", `${ADMIN}/keys/${key}`);
  const { json: host } = await admin("POST", "/hosts", { name: `secret-host-${made++}` });
  const { json: rotated } = await admin("POST", `/keys/${key.split(":")[0]}/rotate`, {});
  await expect.poll(async () => (await lines("act=key.revoke&result=refused")).length).toBeGreaterThan(0);
  const { results } = await DB.prepare("SELECT * FROM audit").all();
  const all = JSON.stringify(results);
  for (const each of [secret, key.split(":")[1], host.token, String(rotated.key).split(":")[1], "test-admin-token"]) {
    expect(all).not.toContain(each);
  }
  expect((await DB.prepare("SELECT count(*) AS n FROM audit_author").first())?.n).toBe(0);
});

describe("the list", () => {
  test("is found by time, subject, key, namespace, act and result, page by page", async () => {
    const { call, namespace, key } = await newClient();
    const since = Date.now();
    for (let n = 0; n < 5; n++) await call("PUT", `/triggers/t${n}`, {});
    await call("DELETE", "/triggers/t0");
    await call("DELETE", "/triggers/t0");
    await expect.poll(async () => (await lines(`namespace=${namespace}&act=trigger&result=refused`)).length).toBe(1);
    const count = async (query: string) => (await lines(`namespace=${namespace}&${query}`)).length;
    expect(await count("act=trigger")).toBe(7);
    expect(await count("act=trigger.create")).toBe(5);
    expect(await count(`act=trigger.create&key=${key.split(":")[0]}&since=${since - 60_000}`)).toBe(5);
    expect(await count(`until=${new Date(since - 3_600_000).toISOString()}`)).toBe(0);
    expect((await lines(`subject=${namespace}&act=trigger.delete&result=done`)).length).toBe(1);
    const targets: string[] = [];
    let after: string | null = "";
    for (let pages = 0; after !== null; pages++) {
      const { json }: { json: AuditAnswer } = await admin(
        "GET",
        `/audit?limit=2&namespace=${namespace}&act=trigger.create&after=${after}`,
      );
      targets.push(...json.items.map(({ target }) => target));
      after = json.next;
      expect(pages).toBeLessThan(4);
    }
    expect(targets).toEqual([4, 3, 2, 1, 0].map((n) => `${namespace}/t${n}`));
  });

  test("refuses what it does not know", async () => {
    for (const query of ["who=me", "result=maybe", "since=yesterday", "limit=0", `act=${"x".repeat(300)}`]) {
      expect([query, (await admin("GET", `/audit?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await admin("POST", "/audit", {})).status).toBe(405);
    expect((await admin("GET", "/audit?after=nonsense")).json).toEqual({ items: [], next: null });
  });
});

test("lines that are older than is kept go with the minute's work", async () => {
  await newClient();
  const old = Date.now() - 100 * 86_400_000;
  await DB.prepare("UPDATE audit SET at = ? WHERE rowid = (SELECT min(rowid) FROM audit)").bind(old).run();
  const before = async () => (await DB.prepare("SELECT count(*) AS n FROM audit WHERE at <= ?").bind(old).first())?.n;
  expect(await before()).toBe(1);
  const context = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env as never);
  await waitOnExecutionContext(context);
  expect(await before()).toBe(0);
  expect((await lines()).length).toBeGreaterThan(0);
});
