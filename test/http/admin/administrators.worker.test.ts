// Administrators with names and roles: what each may, how they come and go,
// and that no request makes the admin API stumble.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { fail } from "../../../src/errors.ts";
import { makeApp } from "../../../src/http/app.ts";
import { FakeHost } from "../../support/fake-host.worker.ts";
import { admin, answer, clientOf, send } from "../platform.worker.ts";

type Ask = (method: string, path: string, body?: unknown) => ReturnType<typeof admin>;

function asking(token: string): Ask {
  return async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const text = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    return answer(await send(`/admin/v1${path}`, { method, headers, ...text }));
  };
}

async function made(name: string, role: string, more: object = {}): Promise<Ask> {
  const { status, json } = await admin("POST", "/administrators", { name, role, ...more });
  expect(status).toBe(200);
  return asking(json.token);
}

const names = async () => (await admin("GET", "/administrators")).json.items.map((each: { name: string }) => each.name);

beforeEach(async () => {
  for (const name of await names()) await admin("DELETE", `/administrators/${name}`);
});

const { routes } = makeApp(() => fail("internal"));
const ROUTES = routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/admin/v1/"));

/** Those of an owner for his namespace. */
const OWNERS = routes.filter(
  ({ method, path }) =>
    method !== "ALL" &&
    /^\/api\/v1\/namespaces\/:ns\/(keys|retention|usage|forwarding|events|limits|secrets)/.test(path),
);

describe("an administrator", () => {
  /** Beyond what an auditor may. */
  const OPERATES =
    /^(POST|DELETE) \/hosts|^POST \/records\/move|^(PUT|PATCH|DELETE) .*\/(limits|retention)$|^POST \/(identities|namespaces)\/:\w+\/(un)?block$/;

  test("may on every route what the role is for, and is told what it takes elsewhere", async () => {
    for (const role of ["admin", "operator", "auditor"]) {
      const ask = await made(`walks-${role}`, role);
      const cell = async ({ method, path }: (typeof ROUTES)[number]) => {
        const route = `${method} ${path.slice("/admin/v1".length)}`;
        const looks =
          method === "GET" ? !route.endsWith("/records") || route === "GET /records" : route === "POST /whois";
        const may = role === "admin" || looks || (role === "operator" && OPERATES.test(route));
        const where = route.split(" ")[1]!.replace(/:\w+/g, "nobody-here");
        const { status, json } = await ask(method, where, method === "GET" || method === "DELETE" ? undefined : {});
        const refused = `The administrator 'walks-${role}' has the role '${role}', and may not`;
        const outcome = status === 401 || status === 403 ? `${status} ${json.error.slice(0, refused.length)}` : "may";
        expect([role, route, outcome]).toEqual([role, route, may ? "may" : `403 ${refused}`]);
      };
      // What they name is not there: in which order they come says nothing.
      await Promise.all(ROUTES.map(cell));
    }
    const auditor = await made("looks", "auditor");
    expect((await auditor("GET", "/identities/nobody/keys")).status).toBe(200);
    expect((await auditor("GET", "/identities/nobody/keys?secrets=true")).status).toBe(403);
  });

  test("is refused from the answer on by which its token, its role or its time was taken away", async () => {
    const ask = await made("short", "operator");
    expect((await ask("GET", "/hosts")).status).toBe(200);
    expect((await admin("PATCH", "/administrators/short", { role: "auditor" })).status).toBe(200);
    expect((await ask("DELETE", "/hosts/nobody")).status).toBe(403);
    const { json } = await admin("POST", "/administrators/short/rotate");
    expect([(await ask("GET", "/hosts")).status, (await asking(json.token)("GET", "/hosts")).status]).toEqual([
      401, 200,
    ]);
    await admin("PATCH", "/administrators/short", { ends: 1 });
    expect((await asking(json.token)("GET", "/hosts")).status).toBe(401);
    await admin("PATCH", "/administrators/short", { ends: null });
    expect((await asking(json.token)("GET", "/hosts")).status).toBe(200);
    expect((await admin("DELETE", "/administrators/short")).json).toMatchObject({ name: "short", role: "auditor" });
    expect((await asking(json.token)("GET", "/hosts")).status).toBe(401);
    for (const how of [
      ["PATCH", "", { role: "admin" }],
      ["DELETE", ""],
      ["POST", "/rotate"],
    ] as const) {
      expect((await admin(how[0], `/administrators/short${how[1]}`, how[2])).status).toBe(404);
    }
  });

  test("that is the last one cannot go, nor become less, but for whoever holds ADMIN_TOKEN", async () => {
    const ask = await made("last", "admin");
    await made("ends", "admin", { ends: "2100-01-01T00:00:00Z" });
    const attempts = [
      ["DELETE"],
      ["PATCH", { role: "operator" }],
      ["PATCH", { ends: "2100-01-01T00:00:00Z" }],
    ] as const;
    for (const [method, body] of attempts) {
      const { status, json } = await ask(method, "/administrators/last", body);
      expect([method, body, status, json.error]).toEqual([
        method,
        body,
        409,
        expect.stringContaining("Nobody would be left"),
      ]);
    }
    expect((await admin("DELETE", "/administrators/last")).status).toBe(200);
  });

  test("and another that take each other away at the same time leave one", async () => {
    for (let round = 0; round < 5; round++) {
      const [one, other] = [await made("one", "admin"), await made("other", "admin")];
      const both = await Promise.all([one("DELETE", "/administrators/other"), other("DELETE", "/administrators/one")]);
      expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(await names()).toHaveLength(1);
      await admin("DELETE", `/administrators/${(await names())[0]}`);
    }
  });

  test("and another that change the same key at the same time leave it as one of them wanted it", async () => {
    const [one, other] = [await made("one", "admin"), await made("other", "admin")];
    const { json } = await admin("POST", "/identities", { subject: "changed", namespace: "changed" });
    const id = json.key.split(":")[0];
    const wishes = [
      { role: "reader", scope: ["a/*"], ends: null, name: "first" },
      { role: "invoker", scope: null, ends: 4_000_000_000_000, name: "second" },
    ];
    for (let round = 0; round < 5; round++) {
      const [a, b] = await Promise.all([
        one("PATCH", `/keys/${id}`, wishes[0]),
        other("PATCH", `/keys/${id}`, wishes[1]),
      ]);
      expect([a.status, b.status]).toEqual([200, 200]);
      const { name, role, scope, ends } = (await admin("GET", `/keys/${id}`)).json;
      expect(wishes).toContainEqual({ name, role, scope, ends });
    }
  });
});

describe("a role that is withdrawn", () => {
  const EXEC = { kind: "nodejs:default", code: "function main() {}" };
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

  async function tenant(name: string) {
    const { json } = await admin("POST", "/identities", { subject: name, namespace: name });
    const change = (how: object) => admin("PATCH", `/keys/${json.key.split(":")[0]}`, how);
    const headers = { Authorization: `Basic ${btoa(json.key)}`, "Content-Type": "application/json" };
    return { client: clientOf(name, json.key), change, headers };
  }

  test.each([
    ["role", { role: "reader" }, "role is 'reader'"],
    ["scope", { scope: ["else/*"] }, "is not in the scope"],
  ])("while an upload runs ends it: %s", async (what, how, text) => {
    const { client, change, headers } = await tenant(`uploads-${what}`);
    const rest = Promise.withResolvers<void>();
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(encoder.encode('{"exec":{"kind":"nodejs:default",'));
        await rest.promise;
        controller.enqueue(encoder.encode('"code":"function main() {}"}}'));
        controller.close();
      },
    });
    const asked = send("/api/v1/namespaces/_/actions/slow", { method: "PUT", headers, body });
    expect((await change(how)).status).toBe(200);
    // A key that was good a second ago counts as good.
    await pause(1_600);
    rest.resolve();
    const { status, json } = await answer(await asked);
    expect([status, json.error]).toEqual([403, expect.stringContaining(text)]);
    expect((await change({ role: "owner", scope: null })).status).toBe(200);
    expect((await client.call("GET", "/actions/slow")).status).toBe(404);
  });

  test("while a call and its live log run ends the log, and not the call", async () => {
    const host = await FakeHost.dial({ name: "withdrawn", answer: () => "never" });
    const { client, change, headers } = await tenant("follows");
    await client.call("PUT", "/actions/act", { exec: EXEC });
    const { json } = await client.call("POST", "/actions/act", {});
    await expect.poll(() => host.runs.length).toBe(1);
    const path = `/api/v1/namespaces/_/activations/${json.activationId}/logs?follow=true`;
    const reader = (await send(path, { headers })).body!.getReader();
    await reader.read();
    let text = "";
    const ended = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return "ended";
        text += new TextDecoder().decode(value);
      }
    })();
    expect((await change({ scope: ["else/*"] })).status).toBe(200);
    expect(await ended).toBe("ended");
    expect(text).not.toContain("event: end");
    expect((await client.call("POST", "/actions/act", {})).status).toBe(403);
    await change({ scope: null });
    host.close();
  });
});

describe("of hundreds of requests of any kind, and ten thousand in the long tier", () => {
  const MANY = (env as unknown as { TEST_LONG: string }).TEST_LONG === "" ? 500 : 10_000;
  const AT_ONCE = 50;

  test("none is answered by an error of ours", async () => {
    let seed = 20_261_128;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    const words = [
      "",
      "a",
      "fuzz-1",
      "fuzz-2",
      "..%2f",
      "%00",
      "a/b",
      "😀",
      "x".repeat(300),
      "'; --",
      "*",
      "null",
      "-1",
    ];
    const values = [
      null,
      true,
      -1,
      1e300,
      0.5,
      "",
      "90d",
      "a/*",
      [],
      ["*"],
      [1],
      {},
      { a: 1 },
      "owner",
      "admin",
      "\u0000",
    ];
    const fields = [
      "subject",
      "namespace",
      "name",
      "role",
      "scope",
      "ends",
      "key",
      "limits",
      "confirm",
      "overlap",
      "to",
      "url",
      "secret",
      "x",
    ];
    const owner = (await admin("POST", "/identities", { subject: "fuzzing-owner", namespace: "fuzzed" })).json.key;
    const doors = [
      ...ROUTES.map((route) => ({ ...route, authorization: "Bearer test-admin-token" })),
      ...OWNERS.map((route) => ({ ...route, authorization: `Basic ${btoa(owner)}` })),
    ];
    const request = () => {
      const { method, path, authorization } = one(doors);
      const where = path.replace(":ns", "fuzzed").replace(/:\w+/g, () => encodeURIComponent(one(words)) || "a");
      const query =
        random(4) === 0 ? `?${one(["limit", "after", "secrets", "namespace"])}=${encodeURIComponent(one(words))}` : "";
      const object = () => Object.fromEntries(Array.from({ length: random(5) }, () => [one(fields), one(values)]));
      const body = one([
        () => "",
        () => "{",
        () => "[]",
        () => JSON.stringify(object()),
        () => JSON.stringify(one(values)),
      ])();
      return {
        method: random(10) === 0 ? one(["GET", "PUT", "POST", "PATCH", "DELETE"]) : method,
        where: where + query,
        body,
        authorization,
      };
    };
    const seen = new Map<number, number>();
    for (let at = 0; at < MANY; at += AT_ONCE) {
      const requests = Array.from({ length: AT_ONCE }, request);
      const answers = await Promise.all(
        requests.map(async ({ method, where, body, authorization }) => {
          const headers = { Authorization: authorization, "Content-Type": "application/json" };
          const response = await send(where, { method, headers, ...(method === "GET" ? {} : { body }) });
          await response.body?.cancel();
          return response.status;
        }),
      );
      for (const [number, status] of answers.entries()) {
        const { authorization: _, ...asked } = requests[number] ?? {};
        expect(status < 500 ? "" : `${status}: ${JSON.stringify(asked)}`).toBe("");
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    }
    // They come far enough to be refused for many reasons.
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 404]));
  });
});
