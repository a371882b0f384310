// Packages and bindings without HTTP: who may make what of what, and what is refused in which order.

import { beforeEach, describe, expect, test } from "vitest";
import { deletePackage, getPackage, listPackages, packageKey, putPackage } from "../../src/catalog/packages.ts";
import { parsePackagePut } from "../../src/entities/package-put.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

let mine: MemoryCatalog;
let other: MemoryCatalog;

beforeEach(() => {
  mine = new MemoryCatalog();
  other = new MemoryCatalog(mine.entities);
  other.caller = { ...mine.caller, namespace: { name: "other", uuid: "uuid-other" } };
});

async function put(
  context: MemoryCatalog,
  name: string,
  { body = {}, overwrite = false }: { body?: object; overwrite?: boolean } = {},
) {
  const key = packageKey(context.caller, { path: context.caller.namespace.name, name });
  if (!key.ok) return key;
  const parsed = parsePackagePut(JSON.stringify(body), { own: key.value.path });
  if (!parsed.ok) throw new Error(parsed.text);
  return putPackage(context, { key: key.value, put: parsed.value, overwrite });
}

const binding = (namespace: string, name: string) => ({ binding: { namespace, name } });

describe("a package", () => {
  test("is not called default, whoever asks, and lies in no other's namespace", () => {
    expect(packageKey(mine.caller, { path: "ns", name: "default" })).toMatchObject({
      text: "Package name 'default' is reserved.",
    });
    expect(packageKey(mine.caller, { path: "other", name: "default" })).toMatchObject({ code: "not-authorized" });
    expect(packageKey(mine.caller, { path: "ns", name: "a/b" })).toMatchObject({ code: "bad-request" });
  });

  test("is made once, and again only where that is meant", async () => {
    expect(await put(mine, "p")).toMatchObject({ ok: true, value: { version: "0.0.1", binding: null } });
    expect(await put(mine, "p")).toMatchObject({ code: "already-exists" });
    expect(await put(mine, "p", { overwrite: true })).toMatchObject({ value: { version: "0.0.2" } });
    mine.entities.meanwhile = () => mine.entities.rows.delete("ns/p");
    expect(await put(mine, "p", { overwrite: true })).toMatchObject({ code: "concurrent-modification" });
  });

  test("with something in it is deleted only where that is meant, all of it", async () => {
    await put(mine, "p");
    makeAction(mine, "p/one");
    const key = mine.own("p");
    expect(await deletePackage(mine, { key, force: false })).toMatchObject({
      code: "not-empty",
      text: expect.stringContaining("contains 1 entity)"),
    });
    expect(await deletePackage(mine, { key, force: true })).toMatchObject({ ok: true, value: { name: "p" } });
    expect([...mine.entities.rows.keys()]).toEqual([]);
  });

  test("that ships with the platform is replaced by what somebody makes, and is not deleted", async () => {
    await put(mine, "p", { body: { publish: true } });
    const row = mine.entities.rows.get("ns/p");
    if (row === undefined) throw new Error("it was made");
    row.builtIn = true;
    expect(await deletePackage(mine, { key: mine.own("p"), force: true })).toMatchObject({ code: "built-in" });
    expect(await put(mine, "p")).toMatchObject({ ok: true, value: { version: "0.0.1", publish: false } });
  });
});

describe("a binding", () => {
  test("shows the provider's parameters under its own, and the provider's actions", async () => {
    await put(other, "p", {
      body: {
        publish: true,
        parameters: [
          { key: "a", value: 1 },
          { key: "b", value: 1 },
        ],
      },
    });
    await put(mine, "b", { body: { ...binding("other", "p"), parameters: [{ key: "b", value: 2 }] } });
    const shown = await getPackage(mine, { path: "ns", name: "b" });
    expect(shown).toMatchObject({ ok: true, value: { path: "other/p" } });
    const parameters = shown.ok ? shown.value.bundle.parameters.map(({ key, value }) => `${key}=${value}`) : [];
    expect(parameters.toSorted()).toEqual(["a=1", "b=2"]);
  });

  test.each<[string, string, string]>([
    ["what is not there", "missing", "no-such-provider"],
    ["an action", "act", "provider-is-no-package"],
    ["another binding", "bound", "provider-is-binding"],
  ])("is not made of %s", async (_, name, code) => {
    await put(mine, "p");
    await put(mine, "bound", { body: binding("ns", "p") });
    makeAction(mine, "act");
    expect(await put(mine, "b", { body: binding("ns", name) })).toMatchObject({ code });
  });

  test("is not made of what is not shared, and nothing becomes one that was a package", async () => {
    await put(other, "p");
    expect(await put(mine, "b", { body: binding("other", "p") })).toMatchObject({ code: "not-authorized" });
    await put(mine, "p");
    await put(mine, "own");
    const body = binding("ns", "own");
    expect(await put(mine, "p", { body, overwrite: true })).toMatchObject({ code: "not-a-binding" });
  });
});

describe("who looks", () => {
  test("is told what is missing in his own namespace, and nothing of another's", async () => {
    expect(await getPackage(mine, { path: "ns", name: "x" })).toMatchObject({
      code: "not-found",
      text: "The requested resource 'ns/x' does not exist.",
    });
    expect(await getPackage(mine, { path: "other", name: "x" })).toMatchObject({ code: "not-authorized" });
    expect(await getPackage(mine, { path: "ns", name: "a/b" })).toMatchObject({ code: "bad-request" });
  });

  test("sees of another's namespace what is shared", async () => {
    await put(other, "shared", { body: { publish: true } });
    await put(other, "kept");
    const page = { limit: 9, skip: 0, count: true };
    expect(await listPackages(mine, { namespace: "other", page })).toEqual({ kind: "count", count: 1 });
    expect(await listPackages(other, { namespace: "other", page })).toEqual({ kind: "count", count: 2 });
  });
});
