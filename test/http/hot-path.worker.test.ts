// With everything remembered, a call reads nothing from the database: own actions, packaged ones,
// foreign ones, bindings, pages.

import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { FakeHost } from "../support/fake-host.worker.ts";
import { type Client, newClient, send } from "./platform.worker.ts";

const EXEC = { kind: "nodejs:default", code: "function main() {}" };

const database = (env as unknown as { DB: D1Database }).DB;

let me: Client;
let other: Client;

beforeAll(async () => {
  await FakeHost.dial();
  me = await newClient();
  other = await newClient();
  const annotations = [{ key: "web-export", value: true }];
  await me.call("PUT", "/actions/own", { exec: EXEC, annotations });
  await me.call("PUT", "/packages/bundle", { publish: true });
  await me.call("PUT", "/actions/bundle/act", { exec: EXEC, annotations });
  await me.call("PUT", "/packages/bound", { binding: { namespace: "_", name: "bundle" } });
  await other.call("PUT", "/packages/abroad", { binding: { namespace: me.namespace, name: "bundle" } });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const QUERY = "?blocking=true&result=true";
const CALLS: [string, () => Promise<{ status: number }>][] = [
  ["an own action", () => me.call("POST", `/actions/own${QUERY}`, {})],
  ["an action in a package", () => me.call("POST", `/actions/bundle/act${QUERY}`, {})],
  ["an action through a binding", () => me.call("POST", `/actions/bound/act${QUERY}`, {})],
  ["a foreign action", () => other.call("POST", `/../${me.namespace}/actions/bundle/act${QUERY}`, {})],
  ["a foreign action through a binding", () => other.call("POST", `/actions/abroad/act${QUERY}`, {})],
  ["a built-in action", () => me.call("POST", `/../whisk.system/actions/utils/echo${QUERY}`, {})],
  ["a page", () => send(`/api/v1/web/${me.namespace}/default/own.json`)],
  ["a page through a binding", () => send(`/api/v1/web/${other.namespace}/abroad/act.json`)],
];

it.each(CALLS)("%s reads what it needs, once", async (_, call) => {
  const prepared = vi.spyOn(database, "prepare");
  expect((await call()).status).toBe(200);
  expect(prepared.mock.calls.length).toBeGreaterThan(0);
  prepared.mockClear();
  expect((await call()).status).toBe(200);
  expect(prepared).not.toHaveBeenCalled();
});

it("what was read under a lease that ends is asked for again, and none of the calls reads anything", async () => {
  const prepared = vi.spyOn(database, "prepare");
  for (let times = 0; times < 3; times++) {
    await new Promise((done) => setTimeout(done, 600));
    for (const [what, call] of CALLS) {
      expect([what, (await call()).status]).toEqual([what, 200]);
      expect([what, prepared.mock.calls]).toEqual([what, []]);
    }
  }
});
