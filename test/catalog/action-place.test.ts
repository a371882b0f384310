// Where an addressed action lies, and who may go there: to read through bindings and into what is shared,
// to write only at home.

import { beforeEach, describe, expect, test } from "vitest";
import { placeToRead, placeToWrite } from "../../src/catalog/action-place.ts";
import { packageKey, putPackage } from "../../src/catalog/packages.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

let mine: MemoryCatalog;

async function bundle(namespace: string, name: string, put: Parameters<typeof putPackage>[1]["put"]): Promise<void> {
  const context = new MemoryCatalog(mine.entities);
  context.caller = { ...mine.caller, namespace: { name: namespace, uuid: namespace } };
  const key = packageKey(context.caller, { path: namespace, name });
  const made = key.ok ? await putPackage(context, { key: key.value, put, overwrite: false }) : key;
  if (!made.ok) throw new Error(made.text);
}

const parameters = [{ key: "from", value: '"provider"' }];

beforeEach(async () => {
  mine = new MemoryCatalog();
  await bundle("other", "shared", { publish: true, parameters });
  await bundle("other", "kept", {});
  await bundle("ns", "own", {});
  await bundle("ns", "bound", { binding: { namespace: "other", name: "shared" } });
  makeAction(mine, "act");
});

describe("to read", () => {
  test.each([
    [{ namespace: "ns" }, { path: "ns", parameters: [], deep: true }],
    [
      { namespace: "ns", name: "a" },
      { path: "ns", parameters: [], deep: true },
    ],
    [
      { namespace: "ns", package: "own" },
      { path: "ns/own", parameters: [], deep: false },
    ],
    [
      { namespace: "ns", package: "bound", name: "a" },
      { path: "other/shared", parameters, deep: false },
    ],
    [
      { namespace: "other", package: "shared", name: "a" },
      { path: "other/shared", parameters, deep: false },
    ],
  ])("%j", async (address, place) => {
    expect(await placeToRead(mine, address)).toEqual({ ok: true, value: { ...place, names: null } });
  });

  test.each([
    [{ namespace: "other" }, "not-authorized"],
    [{ namespace: "other", name: "a" }, "not-authorized"],
    [{ namespace: "other", package: "kept" }, "not-authorized"],
    [{ namespace: "other", package: "missing" }, "not-authorized"],
    [{ namespace: "ns", package: "missing" }, "not-found"],
    [{ namespace: "ns", package: "act" }, "wrong-collection"],
    [{ namespace: "ns", name: "a/b" }, "bad-request"],
    [{ namespace: "o/o", name: "a" }, "bad-request"],
  ])("%j: refused", async (address, code) => {
    expect(await placeToRead(mine, address)).toMatchObject({ ok: false, code });
  });
});

describe("to write", () => {
  test.each([
    [{ namespace: "ns", name: "a" }, { key: { path: "ns", name: "a" } }],
    [
      { namespace: "ns", package: "own", name: "a" },
      { key: { path: "ns/own", name: "a" }, package: { path: "ns", name: "own" } },
    ],
  ])("%j", async (address, place) => {
    expect(await placeToWrite(mine, address)).toEqual({ ok: true, value: place });
  });

  test.each([
    [{ namespace: "other", package: "shared", name: "a" }, "not-authorized", "'other/shared/a'"],
    [{ namespace: "ns", package: "bound", name: "a" }, "not-on-binding", ""],
    [{ namespace: "ns", package: "missing", name: "a" }, "not-found", ""],
    [{ namespace: "ns", package: "act", name: "a" }, "wrong-collection", ""],
    [{ namespace: "ns", package: "own", name: "" }, "bad-request", ""],
  ])("%j: refused", async (address, code, text) => {
    expect(await placeToWrite(mine, address)).toMatchObject({ code, text: expect.stringContaining(text) });
  });
});
