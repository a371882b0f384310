// The two ends of a rule: who may name them, and what is said of one that is not there.

import { beforeEach, describe, expect, test } from "vitest";
import { packageKey, putPackage } from "../../src/catalog/packages.ts";
import { endsOf, rightsFault } from "../../src/catalog/rule-ends.ts";
import { putTrigger } from "../../src/catalog/triggers.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

let mine: MemoryCatalog;
const point = (path: string, name: string) => ({ path, name });
const T = point("ns", "t");

async function bundle(namespace: string, name: string, publish: boolean): Promise<MemoryCatalog> {
  const context = new MemoryCatalog(mine.entities);
  context.caller = { ...mine.caller, namespace: { name: namespace, uuid: namespace } };
  const key = packageKey(context.caller, { path: namespace, name });
  const made = key.ok ? await putPackage(context, { key: key.value, put: { publish }, overwrite: false }) : key;
  if (!made.ok) throw new Error(made.text);
  return context;
}

beforeEach(async () => {
  mine = new MemoryCatalog();
  await putTrigger(mine, { key: mine.own("t"), put: {}, overwrite: false });
  makeAction(mine, "a");
  makeAction(await bundle("other", "shared", true), "shared/a");
  makeAction(await bundle("other", "kept", false), "kept/a");
});

describe("may be named", () => {
  test.each([
    [{}, null],
    [{ trigger: T, action: point("ns", "a") }, null],
    [{ trigger: T, action: point("other/shared", "a") }, null],
    [{ trigger: point("other", "t") }, "'other/t'"],
    [{ trigger: point("other", "t"), action: point("other/shared", "a") }, "'other/t'"],
    [{ action: point("other/kept", "a") }, "'other/kept'"],
    [{ action: point("other/missing", "a") }, "'other/missing'"],
  ])("%j: %s", async (put, refused) => {
    const fault = await rightsFault(mine.entities, { caller: "ns" }, put);
    if (refused === null) expect(fault).toBeNull();
    else expect(fault).toMatchObject({ code: "not-authorized", text: expect.stringContaining(refused) });
  });
});

describe("are there", () => {
  const ends = (action: { path: string; name: string }, trigger = T) =>
    endsOf(mine.entities, "ns", { trigger, action });

  test.each([point("ns", "a"), point("other/shared", "a")])("%j", async (action) => {
    expect(await ends(action)).toMatchObject({ ok: true, value: { name: "t" } });
  });

  test.each([
    [point("ns", "missing"), "action /ns/missing does not exist"],
    [point("ns/missing", "a"), "action /ns/missing/a does not exist"],
    [point("other/shared", "missing"), "action /other/shared/missing does not exist"],
    [T, "action /ns/t does not exist: the name belongs to something else"],
  ])("or not: %j", async (action, text) => {
    expect(await ends(action)).toMatchObject({ code: "bad-request", text });
  });

  test("the trigger is asked for first, and what cannot be read is told as that", async () => {
    const missing = point("ns", "missing");
    expect(await ends(missing, missing)).toMatchObject({ text: "trigger /ns/missing does not exist" });
    for (const name of ["a", "t"]) {
      const row = mine.entities.rows.get(`ns/${name}`);
      if (row === undefined) throw new Error("it was made");
      row.document = "{}";
      const what = name === "a" ? "action" : "trigger";
      expect(await ends(point("ns", "a"))).toMatchObject({ text: `${what} /ns/${name} is corrupted` });
    }
  });
});
