// What the admin client asks, as the platform's admin API wants it.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createAdminClient } from "../../../runtime-host/client/admin-client.ts";

let asked: [string, string, unknown][];
let answer: unknown;

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (url: URL, { method = "", body }: RequestInit) => {
    asked.push([method, url.pathname, body === undefined ? undefined : JSON.parse(String(body))]);
    return Response.json(answer);
  });
});
afterEach(() => vi.unstubAllGlobals());

const admin = createAdminClient("http://platform.example", "token");

it("makes identities, with a key and limits where they are given", async () => {
  answer = { namespace: "guest", key: "a:b", more: "is not looked at" };
  expect(await admin.createIdentity("guest")).toEqual({ ok: true, value: { namespace: "guest", key: "a:b" } });
  await admin.createIdentity("guest", { key: "a:b", limits: { storeActivations: false } });
  expect(asked).toEqual([
    ["POST", "/admin/v1/identities", { subject: "guest" }],
    ["POST", "/admin/v1/identities", { subject: "guest", key: "a:b", limits: { storeActivations: false } }],
  ]);
});

it("lists, makes and revokes hosts", async () => {
  answer = [{ name: "one", created: 1 }, { name: "two" }];
  expect(await admin.hosts()).toEqual({ ok: true, value: ["one", "two"] });
  answer = { token: "ewh.one.x" };
  expect(await admin.createHost("one")).toEqual({ ok: true, value: { token: "ewh.one.x" } });
  await admin.createHost("one", { rotate: true, shards: 4 });
  await admin.revokeHost("a/b");
  expect(asked).toEqual([
    ["GET", "/admin/v1/hosts", undefined],
    ["POST", "/admin/v1/hosts", { name: "one" }],
    ["POST", "/admin/v1/hosts", { name: "one", rotate: true, shards: 4 }],
    ["DELETE", "/admin/v1/hosts/a%2Fb", undefined],
  ]);
});

it("does not take for an answer what lacks what was asked for", async () => {
  answer = { namespace: "guest" };
  expect(await admin.createIdentity("guest")).toMatchObject({
    ok: false,
    reason: "/admin/v1/identities answered 200 without what was asked for",
  });
});
