// Triggers without HTTP: what is made, what is kept, and who is refused.

import { describe, expect, test } from "vitest";
import { putRule } from "../../src/catalog/rules.ts";
import { deleteTrigger, getTrigger, putTrigger } from "../../src/catalog/triggers.ts";
import { parseTriggerPut } from "../../src/entities/trigger-put.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

async function put(context: MemoryCatalog, name: string, { body = {}, overwrite = false } = {}) {
  const parsed = parseTriggerPut(JSON.stringify(body));
  if (!parsed.ok) throw new Error(parsed.text);
  return putTrigger(context, { key: context.own(name), put: parsed.value, overwrite });
}

describe("a trigger", () => {
  test("is made once, and again only where that is meant", async () => {
    const context = new MemoryCatalog();
    expect(await put(context, "t")).toMatchObject({ ok: true, value: { name: "t", version: "0.0.1", rules: [] } });
    expect(await put(context, "t")).toMatchObject({ ok: false, code: "already-exists" });
    expect(await put(context, "t", { overwrite: true })).toMatchObject({ value: { version: "0.0.2" } });
    expect(context.writes).toEqual(["ns", "ns"]);
  });

  test("is refused with more parameters than its namespace may have, before anything is read", async () => {
    const context = new MemoryCatalog();
    context.caller = { ...context.caller, limits: { maxParameterSize: "1 B" } };
    context.entities.get = () => Promise.reject(new Error("nothing is to be read"));
    const body = { parameters: [{ key: "k", value: "long" }] };
    expect(await put(context, "t", { body })).toMatchObject({ ok: false, code: "too-large" });
  });

  test("keeps its rules when it is updated while one of them is made", async () => {
    const context = new MemoryCatalog();
    await put(context, "t");
    makeAction(context, "a");
    const late = new MemoryCatalog(context.entities);
    let ruled: Promise<unknown> = Promise.resolve();
    context.entities.meanwhile = () => {
      const points = { trigger: { path: "ns", name: "t" }, action: { path: "ns", name: "a" } };
      ruled = putRule(late, { key: late.own("r"), put: points, overwrite: false });
    };
    await put(context, "t", { overwrite: true });
    await ruled;
    const found = await getTrigger(context, context.own("t"));
    expect(found).toMatchObject({ ok: true, value: { version: "0.0.2", rules: [{ rule: "ns/r", status: "active" }] } });
  });

  test("is what it was when it is deleted, and then is not there", async () => {
    const context = new MemoryCatalog();
    await put(context, "t", { body: { publish: true } });
    expect(await deleteTrigger(context, context.own("t"))).toMatchObject({ ok: true, value: { publish: true } });
    expect(await deleteTrigger(context, context.own("t"))).toMatchObject({ ok: false, code: "not-found" });
  });

  test("is no action, and not what cannot be read", async () => {
    const context = new MemoryCatalog();
    makeAction(context, "a");
    const key = context.own("a");
    expect(await getTrigger(context, key)).toMatchObject({ code: "wrong-collection" });
    expect(await put(context, "a", { overwrite: true })).toMatchObject({ code: "wrong-collection" });
    expect(await deleteTrigger(context, key)).toMatchObject({ code: "wrong-collection" });
    context.entities.rows.set("ns/b", { ...context.entities.rows.get("ns/a")!, name: "b", type: "trigger" });
    expect(await getTrigger(context, context.own("b"))).toMatchObject({ code: "corrupted" });
    expect(context.writes).toEqual([]);
  });
});
