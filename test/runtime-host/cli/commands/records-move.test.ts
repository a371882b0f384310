// `edgewhisk records move`: all pages are ordered, then asked until all are done; what cannot go on is said.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

type Item = { namespace: string; state: string; moved: number; damaged: number; reason?: string };
let answers: { status: number; body: unknown }[];
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (url: URL, { method, body }: RequestInit) => {
    asked.push(`${method} ${url.search} ${String(body ?? "")}`.trim());
    const { status, body: answer } = answers.shift() ?? { status: 500, body: {} };
    return new Response(JSON.stringify(answer), { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const move = (...args: string[]) =>
  edgewhisk(["records", "move", "--url", "http://platform.example", ...args], { env: { ADMIN_TOKEN: "t" } });
const page = (next: string | null, ...items: Item[]) => ({ status: 200, body: { mode: "r2", items, next } });
const item = (namespace: string, state: string, more: Partial<Item> = {}): Item => ({
  ...{ namespace, state, moved: 0, damaged: 0 },
  ...more,
});

it("orders page after page and asks until all are done", async () => {
  answers = [
    page("a", item("a", "moving")),
    page(null, item("b", "waiting", { reason: "a place does not answer" }), item("c", "none")),
    page("a", item("a", "done", { moved: 7 })),
    page(null, item("b", "done", { moved: 5 }), item("c", "none")),
  ];
  const { code, out, err } = await move("--to", "r2");
  expect(code).toBe(0);
  expect(asked).toEqual([
    'POST  {"to":"r2","after":""}',
    'POST  {"to":"r2","after":"a"}',
    "GET ?after=",
    "GET ?after=a",
  ]);
  expect(err).toContain("0 of 2 namespaces are done");
  expect(err).toContain("b is waiting: a place does not answer");
  expect(out).toBe("2 of 2 namespaces are done; steps for 12 records were made\n");
});

it("tells how full the databases are, and fails where one is to be seen to", async () => {
  const status = (...args: string[]) =>
    edgewhisk(["records", "status", "--url", "http://platform.example", ...args], { env: { ADMIN_TOKEN: "t" } });
  const database = { binding: "RECORDS_0", state: "well", bytes: 5_000_000, bound: 10_000_000, pruned: 0 };
  answers = [{ status: 200, body: { mode: "d1", databases: [database] } }];
  expect(await status()).toMatchObject({ code: 0, out: "mode        d1\nRECORDS_0   50.0 % of 10 MB: well\n" });
  const blobs = { passes: 2, looked: 1_234, swept: 17, bytes: 2_500_000, unknown: 3, fault: null };
  answers = [{ status: 200, body: { mode: "d1", databases: [database], blobs } }];
  expect((await status()).out).toContain(
    "blobs       1234 looked at in 2 passes, 17 of nobody are gone (2.5 MB); of 3 old ones nobody knows whose they are",
  );
  const passed = { ...blobs, unknown: 0, passed: 4, passedWhy: "no answer" };
  answers = [{ status: 200, body: { mode: "d1", databases: [database], blobs: passed } }];
  expect((await status()).out).toContain("; 4 could not be told, they are looked at again (no answer)\n");
  const full = { ...database, binding: "RECORDS_1", state: "full", bytes: 9_200_000, pruned: 77 };
  answers = [{ status: 200, body: { mode: "d1", databases: [database, full] } }];
  const { code, out } = await status();
  expect([code, out]).toEqual([1, expect.stringContaining("92.0 % of 10 MB, 77 records have left early: full")]);
});

it("says where it has stopped, what is damaged, and what the platform refuses", async () => {
  answers = [page(null, item("a", "stopped", { reason: "the mode in force is d1" }))];
  expect(await move("--status")).toMatchObject({ code: 1, err: expect.stringContaining("the mode was changed") });
  answers = [page(null, item("a", "done", { damaged: 2 }))];
  expect(await move("--to", "d1")).toMatchObject({
    code: 1,
    err: expect.stringContaining("2 segments cannot be read"),
  });
  answers = [{ status: 400, body: { error: "The mode in force is d1" } }];
  expect(await move("--to", "r2")).toMatchObject({ code: 1, err: expect.stringContaining("The mode in force is d1") });
  expect((await move()).code).toBe(2);
  expect((await move("--to", "s3")).code).toBe(2);
});
