// Roles and scopes of keys on every route: each cell of route × role × scope,
// and the ways from a key to more than it has.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Role } from "../../src/entities/rights.ts";
import { fail } from "../../src/errors.ts";
import { type OperationName, operationOf } from "../../src/http/api/operations.ts";
import { makeApp } from "../../src/http/app.ts";
import { needsOf } from "../../src/http/permission.ts";
import { FakeHost, ran } from "../support/fake-host.worker.ts";
import { admin, answer, type Client, clientOf, newClient, send } from "./platform.worker.ts";

const EXEC = { kind: "nodejs:20", code: "function main() {}" };
const ROLES: Role[] = ["owner", "developer", "invoker", "reader"];
const OUTSIDE = expect.stringContaining("is not in the scope of the key");

let host: FakeHost;
/** What the action of this name answers; else its arguments. */
const results = new Map<string, (args: string) => string>();

beforeAll(async () => {
  host = await FakeHost.dial({
    answer: ({ about, args }) => ran(results.get(about.name)?.("inline" in args ? args.inline : "") ?? "{}"),
  });
});
afterAll(() => {
  host.close();
});
beforeEach(() => {
  host.runs.length = 0;
  results.clear();
});

let made = 0;

/** Another key to the client's namespace, and what takes it to change it. */
async function keyOf(
  owner: Client,
  role: Role,
  scope?: string[],
): Promise<Client & { change(how: object): Promise<number> }> {
  const subject = `member-${made++}`;
  const { json } = await admin("POST", "/identities", { subject, namespace: owner.namespace, role, scope });
  const id = json.key.split(":")[0];
  const change = async (how: object) => (await admin("PATCH", `/keys/${id}`, how)).status;
  return { ...clientOf(owner.namespace, json.key), change };
}

describe("every route", () => {
  const { routes } = makeApp(() => fail("internal"));
  const READS = ["listActions", "listPackagedActions", "getAction", "listPackages", "getPackage", "listTriggers"];
  const MORE = ["getTrigger", "listRules", "getRule", "getSchedule", "getStats", "exportRecords"];
  const RECORDS = ["listActivations", "getActivation", "getResult", "getLogs"];
  const ALL = ["listNamespaces", "getLimits", "previewSchedule"];
  const WRITES = ["putAction", "deleteAction", "putPackage", "deletePackage", "putTrigger", "deleteTrigger"];
  /** What each role may; the owner everything. */
  const MAY: Record<Exclude<Role, "owner">, readonly string[]> = {
    developer: [...ALL, ...READS, ...MORE, ...RECORDS, ...WRITES, "putRule", "deleteRule", "switchRule"].concat([
      ...["callAction", "fireTrigger"],
    ]),
    invoker: [...ALL, ...RECORDS, "callAction", "fireTrigger"],
    reader: [...ALL, ...READS, ...MORE, ...RECORDS],
  };
  /** The owner's alone. */
  const OWN = [
    "listKeys",
    "issueKey",
    "getKey",
    "changeKey",
    "rotateKey",
    "revokeKey",
    "listSecrets",
    "getUsage",
  ].concat([
    ...["getRetention", "setRetention", "clearRetention", "getForwarding", "setForwarding", "removeForwarding"],
    ...["getEvents", "setEvents", "removeEvents"],
  ]);
  /** Of the whole namespace. */
  const WHOLE = ["getStats", "exportRecords", "importRecords", ...OWN];
  /** Without a name that a scope could hold. */
  const NAMELESS = [...ALL, ...WHOLE, ...RECORDS, "listActions", "listPackagedActions", "listPackages"].concat([
    ...["listTriggers", "listRules"],
  ]);
  const open = ["callWebAction", "deliverWebhook"];

  function expected(operation: OperationName | undefined, role: Role, scope: "none" | "own" | "other"): unknown {
    const name = operation ?? "logForwarding";
    const may = role === "owner" || (operation === undefined ? role !== "invoker" : MAY[role].includes(name));
    if (!may)
      return [
        403,
        expect.stringMatching(new RegExp(`^This key's role is '${role}', and it may not .*: that takes the role '`)),
      ];
    if (scope === "other" && operation !== undefined && !NAMELESS.includes(name)) return [403, OUTSIDE];
    if (scope !== "none" && WHOLE.includes(name)) return [403, expect.stringContaining("the whole namespace")];
    return "may";
  }

  test("is one of the API, the administrator's, a host's, or open; and those for keys say what they need", () => {
    const unknown = routes.filter(({ path, method, handler }) => {
      if (method === "ALL" && operationOf(handler) === undefined) return false;
      if (/^\/(admin|host)\//.test(path)) return false;
      return needsOf(handler) === undefined;
    });
    expect(unknown.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      ...[
        "GET /",
        "GET /api/v1",
        "GET /api/v1/",
        "GET /api/v1/api-docs",
        "GET /api/v1/api-docs/admin",
        "GET /api/v1/docs",
        "GET /api/v1/docs/*",
      ],
      ...["GET /api/v1/docs/index.html", "GET /invokers", "GET /invokers/", "GET /invokers/healthy/count"],
      ...["GET /invokers/ready", "GET /metrics", "GET /ping"],
    ]);
  });

  test("answers each role with each scope as the table says", async () => {
    const owner = await newClient();
    const walked = routes.filter(({ handler }) => (needsOf(handler) ?? null) !== null);
    expect(walked.length).toBeGreaterThan(40);
    const cell = async (client: Client, { path, method }: (typeof walked)[number]) => {
      const names = { ns: "_", package: "mine", name: "mine-x", id: "0123456789abc000123456789abcdef0" };
      const where = Object.entries(names).reduce((text, [name, value]) => text.replace(`:${name}`, value), path);
      const body = method === "GET" || method === "DELETE" ? {} : { body: "{}" };
      const headers = { Authorization: `Basic ${btoa(client.key)}`, "Content-Type": "application/json" };
      const response = await send(where, { method, headers, ...body });
      if (response.status === 401 || response.status === 403) {
        return [response.status, ((await response.json()) as { error: string }).error];
      }
      await response.body?.cancel();
      return "may";
    };
    for (const role of ROLES) {
      for (const [scope, patterns] of [
        ["none", undefined],
        ["own", ["mine*"]],
        ["other", ["other*"]],
      ] as const) {
        const client = await keyOf(owner, role, patterns === undefined ? undefined : [...patterns]);
        // None of them finds what it names: in which order they come says nothing.
        const outcomes = await Promise.all(walked.map((route) => cell(client, route)));
        const named = (values: unknown[]) =>
          Object.fromEntries(values.map((value, at) => [`${walked[at]?.method} ${walked[at]?.path}`, value]));
        const wanted = walked.map(({ handler }) => expected(operationOf(handler), role, scope));
        expect({ role, scope, ...named(outcomes) }).toEqual({ role, scope, ...named(wanted) });
      }
    }
    expect(open.every((name) => routes.some(({ handler }) => operationOf(handler) === name))).toBe(true);
  });
});

describe("a key with a scope", () => {
  test("sees of lists what it may use", async () => {
    const owner = await newClient();
    for (const name of ["mine", "other"]) {
      await owner.call("PUT", `/packages/${name}`, {});
      await owner.call("PUT", `/actions/${name}/a`, { exec: EXEC });
      await owner.call("PUT", `/actions/${name}-x`, { exec: EXEC });
      await owner.call("PUT", `/triggers/${name}-t`, {});
      await owner.call("PUT", `/rules/${name}-r`, { trigger: `/_/${name}-t`, action: `/_/${name}-x` });
    }
    const names = async (client: Client, path: string) => {
      const { json } = await client.call("GET", path);
      return Array.isArray(json) ? json.map((each) => each.name).toSorted() : json;
    };
    const some = await keyOf(owner, "reader", ["mine/*", "mine-t"]);
    expect(await names(some, "/actions")).toEqual(["a"]);
    expect(await names(some, "/actions/mine/")).toEqual(["a"]);
    expect(await names(some, "/actions/other/")).toEqual([]);
    expect(await names(some, "/packages")).toEqual(["mine"]);
    expect(await names(some, "/triggers")).toEqual(["mine-t"]);
    expect(await names(some, "/rules")).toEqual([]);
    expect(await names(some, "/actions?count=true")).toEqual({ actions: 1 });
    const all = await keyOf(owner, "reader", ["*"]);
    expect(await names(all, "/actions")).toEqual(["a", "a", "mine-x", "other-x"]);
    const path = "/api/v1/namespaces/whisk.system/packages?limit=200";
    const shipped = await answer(await send(path, { headers: { Authorization: `Basic ${btoa(some.key)}` } }));
    expect(shipped.json.length).toBeGreaterThan(5);
  });

  test("makes nothing that reaches beyond it: sequence, rule, binding; nor keeps what another had made so", async () => {
    const owner = await newClient();
    for (const name of ["mine", "other"]) {
      await owner.call("PUT", `/packages/${name}`, {});
      await owner.call("PUT", `/actions/${name}/a`, { exec: EXEC });
      await owner.call("PUT", `/triggers/${name}-t`, {});
    }
    const sequence = (name: string) => ({ exec: { kind: "sequence", components: [`/_/${name}/a`] } });
    const rule = (trigger: string, action: string) => ({ trigger: `/_/${trigger}`, action: `/_/${action}/a` });
    const binding = (name: string) => ({ binding: { namespace: owner.namespace, name } });
    await owner.call("PUT", "/actions/mine/old", sequence("other"));
    await owner.call("PUT", "/rules/mine-old", rule("mine-t", "other"));
    await owner.call("PUT", "/packages/mine-bound", binding("other"));
    for (const role of ["developer", "owner"] as const) {
      const key = await keyOf(owner, role, ["mine/*", "mine-*"]);
      const put = async (path: string, body: object) => {
        const { status, json } = await key.call("PUT", `${path}?overwrite=true`, body);
        return status === 200 ? 200 : [status, json.error];
      };
      for (const [path, body] of [
        ["/actions/mine/s", sequence("other")],
        ["/rules/mine-r", rule("mine-t", "other")],
        ["/rules/mine-r", rule("other-t", "mine")],
        ["/packages/mine-b", binding("other")],
        ["/actions/mine/old", { annotations: [] }],
        ["/rules/mine-old", {}],
        ["/packages/mine-bound", { parameters: [] }],
      ] as const) {
        expect([role, path, await put(path, body)]).toEqual([role, path, [403, OUTSIDE]]);
      }
      expect(await put("/actions/mine/s", sequence("mine"))).toBe(200);
      expect(await put("/rules/mine-r", rule("mine-t", "mine"))).toBe(200);
      expect(await put("/packages/mine-b", binding("mine"))).toBe(200);
      expect((await key.call("POST", "/actions/mine-b/a?blocking=true", {})).status).toBe(200);
    }
  });

  test("lends what it wrote no other names, whoever calls it: by its key, a step, a conductor, a rule, a binding", async () => {
    const owner = await newClient();
    for (const name of ["mine", "other"]) await owner.call("PUT", `/packages/${name}`, {});
    await owner.call("PUT", "/actions/other/a", { exec: EXEC });
    await owner.call("PUT", "/triggers/mine-t", {});
    const asks = (value: unknown) => [{ key: "provide-api-key", value }];
    for (const role of ["developer", "owner"] as const) {
      const key = await keyOf(owner, role, ["mine/*", "mine-*"]);
      const asked = role === "owner" ? "owner" : "deploy";
      await key.call("PUT", "/actions/mine/x?overwrite=true", { exec: EXEC, annotations: asks(asked) });
      host.runs.length = 0;
      expect((await owner.call("POST", "/actions/mine/x?blocking=true", {})).status).toBe(200);
      const lent = clientOf(owner.namespace, host.runs[0]?.key ?? "none");
      expect(lent.key).not.toBe(owner.key);
      expect((await lent.call("GET", "/actions/mine/x")).status).toBe(200);
      expect((await lent.call("PUT", "/actions/mine/y?overwrite=true", { exec: EXEC })).status).toBe(200);
      for (const [method, path] of [
        ["POST", "/actions/other/a"],
        ["GET", "/actions/other/a"],
        ["DELETE", "/packages/other"],
      ] as const) {
        const { status, json } = await lent.call(method, path);
        expect([role, method, path, status, json.error]).toEqual([role, method, path, 403, OUTSIDE]);
      }
      const feed = "/api/v1/namespaces/whisk.system/actions/alarms/interval?blocking=true&result=true";
      const alarm = { lifecycleEvent: "CREATE", triggerName: "/_/other-t", minutes: 1 };
      const headers = { Authorization: `Basic ${btoa(lent.key)}`, "Content-Type": "application/json" };
      const scheduled = await answer(await send(feed, { method: "POST", headers, body: JSON.stringify(alarm) }));
      expect([scheduled.status, scheduled.json.error]).toEqual([403, OUTSIDE]);
      // Its own key it gets back: that opens no more.
      host.runs.length = 0;
      await key.call("POST", "/actions/mine/x?blocking=true", {});
      expect(host.runs[0]?.key === key.key).toBe(role === "owner");

      results.set("conducts", (args) => (args.includes("error") ? args : '{"action":"/_/other/a"}'));
      const conductor = { exec: EXEC, annotations: [{ key: "conductor", value: true }] };
      expect((await key.call("PUT", "/actions/mine/conducts?overwrite=true", conductor)).status).toBe(200);
      const conducted = await owner.call("POST", "/actions/mine/conducts?blocking=true", {});
      expect(conducted.json.response.result.error).toContain("Failed entitlement check");
      expect(host.runs.some((run) => run.invocation.about.name === "a")).toBe(false);

      // An owner's rule on a trigger that it wrote.
      await key.call("PUT", "/triggers/mine-t?overwrite=true", {});
      await owner.call("PUT", "/rules/free?overwrite=true", { trigger: "/_/mine-t", action: "/_/other/a" });
      const fired = await owner.call("POST", "/triggers/mine-t", {});
      const logs = async () => (await owner.call("GET", `/activations/${fired.json.activationId}/logs`)).text;
      await expect.poll(logs).toContain("is not in the scope of the key");
      // A step of an owner's sequence that is its own sequence, whose step an owner has moved away since.
      await key.call("PUT", "/packages/mine-b?overwrite=true", {
        binding: { namespace: owner.namespace, name: "mine" },
      });
      expect((await owner.call("POST", "/actions/mine-b/x?blocking=true", {})).status).toBe(200);
    }
  });

  test("calls no sequence that is made of more, and fires nothing that does more", async () => {
    const owner = await newClient();
    await owner.call("PUT", "/packages/mine", {});
    await owner.call("PUT", "/actions/inner", { exec: EXEC });
    await owner.call("PUT", "/actions/mine/s", { exec: { kind: "sequence", components: ["/_/inner"] } });
    await owner.call("PUT", "/triggers/t", {});
    await owner.call("PUT", "/rules/r", { trigger: "/_/t", action: "/_/inner" });
    const narrow = await keyOf(owner, "invoker", ["mine/*", "t"]);
    const refused = await narrow.call("POST", "/actions/mine/s", {});
    expect([refused.status, refused.json.error]).toEqual([403, OUTSIDE]);
    const { json } = await narrow.call("POST", "/triggers/t", {});
    const logs = async () => (await owner.call("GET", `/activations/${json.activationId}/logs`)).text;
    await expect.poll(logs).toContain("is not in the scope of the key");
    const wide = await keyOf(owner, "invoker", ["mine/*", "t", "inner"]);
    expect((await wide.call("POST", "/actions/mine/s?blocking=true", {})).status).toBe(200);
  });
});

describe("an invoker", () => {
  test("has no alarm made, and what it calls gets no more than it has", async () => {
    const owner = await newClient();
    await owner.call("PUT", "/triggers/t", {});
    await owner.call("PUT", "/actions/x", { exec: EXEC, annotations: [{ key: "provide-api-key", value: "deploy" }] });
    const key = await keyOf(owner, "invoker");
    const feed = "/api/v1/namespaces/whisk.system/actions/alarms/interval?blocking=true&result=true";
    const headers = { Authorization: `Basic ${btoa(key.key)}`, "Content-Type": "application/json" };
    for (const lifecycleEvent of ["CREATE", "READ", "DELETE", "PAUSE"]) {
      const body = JSON.stringify({ lifecycleEvent, triggerName: "/_/t", minutes: 1 });
      const { status, json } = await answer(await send(feed, { method: "POST", headers, body }));
      expect([lifecycleEvent, status, json.error]).toEqual([
        lifecycleEvent,
        403,
        expect.stringContaining("that takes the role"),
      ]);
    }
    expect((await key.call("POST", "/actions/x?blocking=true", {})).status).toBe(200);
    const lent = clientOf(owner.namespace, host.runs[0]?.key ?? "none");
    expect((await lent.call("POST", "/actions/x?blocking=true", {})).status).toBe(200);
    for (const [method, path] of [
      ["GET", "/actions"],
      ["PUT", "/triggers/u"],
      ["PUT", "/actions/y"],
    ] as const) {
      const { status, json } = await lent.call(method, path, method === "GET" ? undefined : {});
      expect([method, path, status, json.error]).toEqual([
        method,
        path,
        403,
        expect.stringContaining("was given to an action"),
      ]);
    }
    // What was lent follows the key that it came from.
    expect(await key.change({ role: "reader" })).toBe(200);
    expect((await lent.call("POST", "/actions/x", {})).status).toBe(403);
  });

  test("reads the records of what its own key started, and no others", async () => {
    const owner = await newClient();
    await owner.call("PUT", "/actions/x", { exec: EXEC });
    await owner.call("PUT", "/triggers/t", {});
    await owner.call("PUT", "/rules/r", { trigger: "/_/t", action: "/_/x" });
    const key = await keyOf(owner, "invoker");
    const mine = (await key.call("POST", "/actions/x", {})).json.activationId;
    const fired = (await key.call("POST", "/triggers/t", {})).json.activationId;
    const theirs = (await owner.call("POST", "/actions/x", {})).json.activationId;
    const status = async (client: Client, id: string, piece = "") =>
      (await client.call("GET", `/activations/${id}${piece}`)).status;
    for (const id of [mine, fired, theirs]) await expect.poll(() => status(owner, id)).toBe(200);
    for (const piece of ["", "/result", "/logs", "?explain=true"]) {
      expect([await status(key, mine, piece), await status(key, fired, piece)]).toEqual([200, 200]);
      const refused = await key.call("GET", `/activations/${theirs}${piece}`);
      expect([refused.status, refused.json.error]).toEqual([
        403,
        expect.stringContaining("may not read this activation"),
      ]);
    }
    expect(await status(key, theirs, "/logs?follow=true")).toBe(404);
    expect(await status(key, mine, "/logs?follow=true")).toBe(200);
    const listed = async () =>
      (await key.call("GET", "/activations?limit=200")).json.map((each: { activationId: string }) => each.activationId);
    await expect.poll(async () => (await listed()).length).toBe(3);
    expect(await listed()).toEqual(expect.arrayContaining([mine, fired]));
    expect((await key.call("GET", "/activations?count=true")).status).toBe(400);
    const scoped = await keyOf(owner, "reader", ["t"]);
    expect((await scoped.call("GET", "/activations")).json.map((each: { name: string }) => each.name)).toEqual(["t"]);
    for (const piece of ["", "?explain=true"]) expect(await status(scoped, mine, piece)).toBe(403);
    // Whose what is not known, or not well formed, would be is nobody's to know.
    for (const client of [key, owner]) {
      expect(await status(client, "f".repeat(32), "?explain=true")).toBe(404);
      expect(await status(client, "rubbish", "?explain=true")).toBe(400);
      expect(await status(client, mine, "?explain=perhaps")).toBe(400);
    }
    const stranger = await newClient();
    expect(await status(stranger, mine, "?explain=true")).toBe(404);
  });
});
