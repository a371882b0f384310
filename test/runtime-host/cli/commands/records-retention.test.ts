// `edgewhisk records usage` and `records retention`: what is asked of the platform, and how its answers are shown.

import { afterEach, beforeEach, expect, it, test, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const BOUNDS = {
  maxAge: { value: 604_800, from: "namespace" },
  maxRecords: { value: 1_000, from: "DEFAULT_RETENTION" },
  maxBytes: { value: null, from: "none" },
};
let asked: { method: string; path: string; body: unknown }[];
let answer: { status: number; body: unknown };

beforeEach(() => {
  asked = [];
  answer = { status: 200, body: { namespace: "guest", bounds: BOUNDS, keptFrom: 1_700_000_000_000, fault: null } };
  vi.stubGlobal("fetch", async (url: URL, { method = "", body }: RequestInit) => {
    asked.push({ method, path: url.pathname, body: body === undefined ? undefined : JSON.parse(String(body)) });
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const records = (...args: string[]) =>
  edgewhisk(["records", ...args, "--url", "http://platform.example"], { env: { ADMIN_TOKEN: "t" } });

it("shows what is in force, and where each bound comes from", async () => {
  const { code, out, err } = await records("retention", "guest");
  expect([code, err]).toEqual([0, ""]);
  expect(asked).toEqual([{ method: "GET", path: "/admin/v1/namespaces/guest/retention", body: undefined }]);
  expect(out).toBe(`BOUND       VALUE     FROM
maxAge      604800 s  namespace
maxRecords  1000      DEFAULT_RETENTION
maxBytes    none      none
kept are records that started at 2023-11-14T22:13:20Z or later
`);
});

test.each([
  [["--max-age", "7d"], { maxAge: 604_800 }],
  [["--max-age", "90m", "--max-records", "none"], { maxAge: 5_400, maxRecords: null }],
  [["--max-age", "60", "--max-bytes", "2 GB"], { maxAge: 60, maxBytes: 2 * 1024 ** 3 }],
])("sets what is given: %s", async (args, body) => {
  expect((await records("retention", "guest", ...args)).code).toBe(0);
  expect(asked).toEqual([{ method: "PUT", path: "/admin/v1/namespaces/guest/retention", body }]);
});

it("takes away what was set", async () => {
  expect((await records("retention", "guest", "--default")).code).toBe(0);
  expect(asked.map((each) => each.method)).toEqual(["DELETE"]);
  expect(await records("retention", "guest", "--default", "--max-age", "7d")).toMatchObject({ code: 2 });
});

test.each([
  ["--max-age", "-7d"],
  ["--max-age", "a week"],
  ["--max-records", "1.5"],
  ["--max-records", "NaN"],
  ["--max-bytes", "2 elephants"],
])("asks nothing for what makes no sense: %s %s", async (...args) => {
  const { code, err } = await records("retention", "guest", ...args);
  expect([code, asked]).toEqual([2, []]);
  expect(err).toMatch(/expected a/);
});

it("shows how much there is, by where it is", async () => {
  const amounts = {
    total: { records: 5, bytes: 900 },
    object: { records: 2, bytes: 200 },
    r2: { records: 0, bytes: 0 },
  };
  answer.body = { namespace: "guest", ...amounts, d1: { binding: "RECORDS_0", records: 3, bytes: 700 } };
  const { out } = await records("usage", "guest");
  expect(out).toBe(`PLACE             RECORDS  BYTES
in all            5        900
in the objects    2        200
in D1, RECORDS_0  3        700
in R2             0        0
`);
});

it("ends with 3 where there is no such namespace", async () => {
  answer = { status: 404, body: { error: "The requested resource 'nobody' does not exist." } };
  expect((await records("usage", "nobody")).code).toBe(3);
});
