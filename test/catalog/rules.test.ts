// Rules without HTTP: what a rule and its trigger know of each other after each write.

import { beforeEach, describe, expect, test } from "vitest";
import { deleteRule, getRule, putRule, switchRule } from "../../src/catalog/rules.ts";
import { deleteTrigger, getTrigger, putTrigger } from "../../src/catalog/triggers.ts";
import type { RulePut } from "../../src/entities/rule-put.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

let context: MemoryCatalog;
const point = (name: string, path = "ns") => ({ path, name });

beforeEach(async () => {
  context = new MemoryCatalog();
  makeAction(context, "a");
  for (const name of ["t", "u"]) await putTrigger(context, { key: context.own(name), put: {}, overwrite: false });
});

const put = (body: RulePut, overwrite = false) => putRule(context, { key: context.own("r"), put: body, overwrite });
const make = () => put({ trigger: point("t"), action: point("a") });

async function rulesOf(trigger: string) {
  const found = await getTrigger(context, context.own(trigger));
  return found.ok ? found.value.rules.map(({ rule, status }) => `${rule} ${status}`) : found.code;
}

describe("a rule", () => {
  test("is known to its trigger from the write that makes it to the one that deletes it", async () => {
    expect(await make()).toMatchObject({ ok: true, value: { status: "active", rule: { version: "0.0.1" } } });
    expect(await rulesOf("t")).toEqual(["ns/r active"]);
    expect(await make()).toMatchObject({ code: "already-exists" });
    expect(await deleteRule(context, context.own("r"))).toMatchObject({ ok: true, value: { status: "inactive" } });
    expect(await rulesOf("t")).toEqual([]);
    expect(await getRule(context, context.own("r"))).toMatchObject({ code: "not-found" });
  });

  test("that is moved is forgotten by the trigger it had", async () => {
    await make();
    expect(await put({ trigger: point("u") }, true)).toMatchObject({ ok: true, value: { rule: { version: "0.0.2" } } });
    expect([await rulesOf("t"), await rulesOf("u")]).toEqual([[], ["ns/r active"]]);
  });

  test("is switched once, and stays off when it is updated", async () => {
    await make();
    const writes = context.writes.length;
    for (const times of [1, 2]) {
      expect(await switchRule(context, { key: context.own("r"), status: "inactive" }), `${times}`).toMatchObject({
        ok: true,
      });
    }
    expect(context.writes.length).toBe(writes + 1);
    await put({ action: point("a") }, true);
    expect(await rulesOf("t")).toEqual(["ns/r inactive"]);
  });

  test("whose trigger is gone is inactive, and cannot be activated", async () => {
    await make();
    await deleteTrigger(context, context.own("t"));
    expect(await getRule(context, context.own("r"))).toMatchObject({ value: { status: "inactive" } });
    expect(await switchRule(context, { key: context.own("r"), status: "active" })).toMatchObject({
      code: "rule-without-trigger",
    });
  });
});

describe("the ends of a rule", () => {
  test.each<[string, RulePut, string, RegExp]>([
    ["one of them", { trigger: point("t") }, "bad-request", /requires a valid trigger and a valid action/],
    ["no trigger of this name", { trigger: point("x"), action: point("a") }, "bad-request", /trigger \/ns\/x does not/],
    ["no action of this name", { trigger: point("t"), action: point("x") }, "bad-request", /action \/ns\/x does not/],
    ["a trigger as action", { trigger: point("t"), action: point("u") }, "bad-request", /belongs to something else/],
    ["another's", { trigger: point("t", "o"), action: point("a", "o") }, "not-authorized", /'o\/t, o\/a'/],
  ])("%s: refused, and nothing is written", async (_, body, code, text) => {
    const writes = context.writes.length;
    expect(await put(body)).toMatchObject({ ok: false, code, text: expect.stringMatching(text) });
    expect(context.writes.length).toBe(writes);
  });
});
