// A fire over HTTP, with the real objects behind it.

import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeHost } from "../../support/fake-host.worker.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type Client, newClient, send } from "../platform.worker.ts";

const EXEC = { kind: "nodejs:default", code: "function main() {}" };
let host: FakeHost;
let me: Client;

beforeAll(async () => {
  host = await FakeHost.dial();
});

beforeEach(async () => {
  me = await newClient();
  await me.call("PUT", "/actions/act", { exec: EXEC });
  await me.call("PUT", "/triggers/hook", { parameters: [{ key: "n", value: 1 }] });
  await me.call("PUT", "/rules/follows", { trigger: "/_/hook", action: "/_/act" });
});

async function recordOf(id: string) {
  for (let tries = 0; tries < 200; tries++) {
    const { status, json } = await me.call("GET", `/activations/${id}`);
    if (status === 200) return { ...json, lines: json.logs.map((each: string) => JSON.parse(each)) };
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`no record of ${id}`);
}

it("answers 202 with the id, runs the rule's action, and keeps a record", async () => {
  const { status, headers, json } = await me.call("POST", "/triggers/hook", { m: 2 });
  expect(status).toBe(202);
  expect(headers.get("X-OpenWhisk-Activation-Id")).toBe(json.activationId);
  const record = await recordOf(json.activationId);
  expect(record).toMatchObject({
    name: "hook",
    namespace: me.namespace,
    response: { result: { m: 2 }, success: true },
  });
  const { result } = (await recordOf(record.lines[0].activationId)).response;
  expect(result).toMatchObject({ n: 1, m: 2 });
  expect(result.__ow_headers).toHaveProperty("content-type", "application/json");
  expect(result.__ow_headers).not.toHaveProperty("authorization");
});

it("runs packaged actions, foreign ones that are published, and built-in ones", async () => {
  const other = await newClient();
  await other.call("PUT", "/packages/bundle", { publish: true });
  await other.call("PUT", "/actions/bundle/theirs", { exec: EXEC });
  await me.call("PUT", "/rules/theirs", { trigger: "/_/hook", action: `/${other.namespace}/bundle/theirs` });
  await me.call("PUT", "/rules/builtin", { trigger: "/_/hook", action: "/whisk.system/utils/echo" });
  const { json } = await me.call("POST", "/triggers/hook", {});
  const { lines } = await recordOf(json.activationId);
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line).toMatchObject({ success: true });
    expect((await recordOf(line.activationId)).response.success).toBe(true);
  }
});

it("reads nothing from the database once everything is remembered", async () => {
  const { DB } = env as unknown as { DB: D1Database };
  const prepared = vi.spyOn(DB, "prepare");
  const shoot = async () => {
    const { status, json } = await me.call("POST", "/triggers/hook", {});
    expect(status).toBe(202);
    const id = json.activationId;
    // Its whole fan-out is over when its actions have run.
    await waitFor(() => expect(host.runs.some((run) => run.invocation.id.startsWith(id.slice(0, 14)))).toBe(true));
  };
  try {
    await shoot();
    for (let times = 0; times < 3; times++) {
      prepared.mockClear();
      await shoot();
      expect(prepared).not.toHaveBeenCalled();
      await new Promise((done) => setTimeout(done, 600));
    }
  } finally {
    prepared.mockRestore();
  }
});

describe("what cannot be fired", () => {
  it.each([
    ["a trigger that is not there", "nobody", "{}", 404],
    ["an action", "act", "{}", 409],
    ["a name that is none", "no%20%24name", "{}", 400],
    ["an array", "hook", "[1]", 400],
    ["a scalar", "hook", "7", 400],
    ["no JSON", "hook", "{", 400],
    ["too much", "hook", JSON.stringify({ text: "x".repeat(1_048_576) }), 413],
  ])("%s", async (_, name, body, status) => {
    const before = host.runs.length;
    const answer = await me.call("POST", `/triggers/${name}`, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ error: expect.any(String), code: answer.headers.get("X-Request-ID") });
    expect(host.runs.length).toBe(before);
  });

  it("another namespace's trigger", async () => {
    const other = await newClient();
    const { status, json } = await other.call("POST", `/../${me.namespace}/triggers/hook`, {});
    expect(status).toBe(403);
    expect(json.error).toContain(`'${me.namespace}/hook'`);
    expect((await send(`/api/v1/namespaces/${me.namespace}/triggers/hook`, { method: "POST" })).status).toBe(401);
  });

  it("what a namespace with a rate of 0 has", async () => {
    const poor = await newClient({ firesPerMinute: 0 });
    const { status, json } = await poor.call("POST", "/triggers/hook", {});
    expect([status, json.error]).toEqual([429, "Too many requests in the last minute (count: 1, allowed: 0)."]);
  });
});
