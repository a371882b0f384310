// `edgewhisk own …`: what is asked of the platform with the namespace's key, and how its answers are shown.

import { afterEach, beforeEach, expect, it, test, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const ID = "0b7e9c34-0000-4000-8000-000000000001";
const KEY = `${ID}:${"k".repeat(64)}`;
const ITEM = {
  ...{ id: ID, subject: "the-build", namespace: "shop", name: "ci", created: 1_700_000_000_000, ends: null },
  ...{ replacedBy: null, role: "developer", scope: ["orders/*"], blocked: false, good: true },
};
let asked: { method: string; path: string; body: unknown; authorization: unknown }[];
let answer: { status: number; body: unknown };

beforeEach(() => {
  asked = [];
  answer = { status: 200, body: {} };
  vi.stubGlobal("fetch", async (url: URL, { method = "", body, headers }: RequestInit) => {
    const { authorization } = headers as Record<string, string>;
    const text = body === undefined ? undefined : JSON.parse(String(body));
    asked.push({ method, path: `${url.pathname}${url.search}`, body: text, authorization });
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const own = (...args: string[]) =>
  edgewhisk(["own", ...args, "--url", "http://platform.example"], { env: { EDGEWHISK_AUTH: KEY } });
const ROOT = "/api/v1/namespaces/_";
const authorization = `Basic ${Buffer.from(KEY).toString("base64")}`;

it("lists the keys with the namespace's key, which is not shown", async () => {
  answer.body = { items: [ITEM], next: null };
  const { code, out, err } = await own("keys");
  expect([code, err]).toEqual([0, ""]);
  expect(asked).toEqual([{ method: "GET", path: `${ROOT}/keys?limit=500&after=`, body: undefined, authorization }]);
  expect(out).toBe(`ID                                    NAME  SUBJECT    ROLE                   STATE
${ID}  ci    the-build  developer of orders/*  good
`);
});

test.each([
  [["issue", "ci", "--scope", "orders/*"], "POST", "/keys", { name: "ci", role: "developer", scope: ["orders/*"] }],
  [
    ["issue", "ci", "--role", "reader", "--subject", "them"],
    "POST",
    "/keys",
    { name: "ci", role: "reader", subject: "them" },
  ],
  [["change", ID, "--endless", "--role", "owner"], "PATCH", `/keys/${ID}`, { ends: null, role: "owner" }],
  [["rotate", ID, "--overlap", "2h"], "POST", `/keys/${ID}/rotate`, { overlap: 7_200 }],
  [["revoke", ID], "DELETE", `/keys/${ID}`, undefined],
  [["retention", "--max-age", "7d"], "PUT", "/retention", { maxAge: 604_800 }],
  [["retention", "--default"], "DELETE", "/retention", undefined],
  [["usage"], "GET", "/usage", undefined],
  [["forward", "--off"], "DELETE", "/forwarding", undefined],
  [["secrets"], "GET", "/secrets", undefined],
])("asks for what is wanted: %s", async (args, method, path, body) => {
  answer = { status: 409, body: { error: "Nobody would own the namespace." } };
  const { code, out, err } = await own(...args);
  expect(asked).toEqual([{ method, path: `${ROOT}${path}`, body, authorization }]);
  expect([code, out, err]).toEqual([1, "", expect.stringContaining("Nobody would own the namespace")]);
});

it("shows a new key alone, so that a script can take it", async () => {
  answer.body = { key: KEY, now: ITEM };
  expect((await own("issue", "ci")).out).toBe(`${KEY}\n`);
});

it("shows of secrets what they are for", async () => {
  answer.body = [
    { purpose: "webhook-secret", of: "t", created: 1_700_000_000_000 },
    { purpose: "record-hook", of: null, created: 1_700_000_000_000 },
  ];
  expect((await own("secrets")).out).toBe(`PURPOSE         OF             SINCE
webhook-secret  t              2023-11-14T22:13:20Z
record-hook     the namespace  2023-11-14T22:13:20Z
`);
});

test.each([
  [["issue"], "expected a name"],
  [["issue", " bad"], "expected a name"],
  [["issue", "ci", "--role", "king"], "king"],
  [["change", ID], "what changes?"],
  [["change"], "expected one key's id"],
  [["retention", "--default", "--max-age", "7d"], "--default sets no bound"],
])("is misused: %s", async (args, why) => {
  const { code, err } = await own(...args);
  expect([code, err]).toEqual([2, expect.stringContaining(why)]);
  expect(asked).toEqual([]);
});

it("says who may not", async () => {
  answer = { status: 403, body: { error: "This key's role is 'developer', and it may not do that." } };
  const { code, err } = await own("keys");
  expect([code, err]).toEqual([4, expect.stringContaining("This key's role is 'developer'")]);
});
