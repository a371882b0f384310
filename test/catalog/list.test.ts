// Lists: a page, the newest first, or how many there are beyond what is left out.

import { expect, test } from "vitest";
import { listed, listOwn } from "../../src/catalog/list.ts";
import { ownPath } from "../../src/catalog/own.ts";
import { MemoryCatalog } from "./context.ts";

function filled(): MemoryCatalog {
  const context = new MemoryCatalog();
  for (const [at, path] of ["ns", "ns", "ns", "ns/bundle", "other"].entries()) {
    const row = { path, name: `t${at}`, document: "{}", summary: `"t${at}"`, revision: "r", updated: at, blobs: [] };
    context.entities.rows.set(`${path}/t${at}`, { ...row, type: "trigger" });
  }
  return context;
}

test("a page of the caller's own, the newest first", async () => {
  const context = filled();
  const path = ownPath(context.caller, "ns");
  if (!path.ok) throw new Error(path.text);
  const of = (page: { limit: number; skip: number; count: boolean }) =>
    listOwn(context, { path: path.value, type: "trigger", page });
  const names = (all: Awaited<ReturnType<typeof of>>) =>
    all.kind === "items" ? all.items.map(({ name }) => name) : all;
  expect(names(await of({ limit: 2, skip: 0, count: false }))).toEqual(["t2", "t1"]);
  expect(names(await of({ limit: 2, skip: 2, count: false }))).toEqual(["t0"]);
  expect(await of({ limit: 2, skip: 1, count: true })).toEqual({ kind: "count", count: 2 });
  expect(await of({ limit: 2, skip: 9, count: true })).toEqual({ kind: "count", count: 0 });
});

test("what lies in packages too, where it is asked for", async () => {
  const { entities } = filled();
  const query = { path: "ns", type: "trigger" as const };
  const page = { limit: 9, skip: 0, count: true };
  expect(await listed(entities, { ...query, deep: true }, page)).toEqual({ kind: "count", count: 4 });
  expect(await listed(entities, { ...query, deep: false }, page)).toEqual({ kind: "count", count: 3 });
});
