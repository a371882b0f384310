// What a PUT or a POST of a rule may say, and the rule that follows from it.

import { describe, expect, it } from "vitest";
import { newRule, parseRulePut, parseStatus, updatedRule } from "../../src/entities/rule-put.ts";
import { ENDS, HEAD, put } from "./rules.ts";

describe("a PUT of a rule", () => {
  it("names its ends as text or as an object, with _ for one's own namespace", () => {
    expect(put({ trigger: "/_/t", action: "me/p/a" })).toEqual(ENDS);
    expect(put({ trigger: { path: "_", name: "t" }, action: { path: "/_/p", name: "a" } })).toEqual(ENDS);
    expect(put({ trigger: null, action: "/other/a" })).toEqual({ action: { path: "other", name: "a" } });
  });

  it.each([
    ...["t", "/t", "", "/", "a/b/c/d", "a/?", "_"],
    ...[7, true, [], {}, { path: "me" }, { name: "t" }, { path: "", name: "t" }, { path: "me", name: "p/t" }],
    ...[
      { path: 7, name: "t" },
      { path: "a/b/c", name: "t" },
    ],
  ])("is refused with an end of %j", (end) => {
    for (const body of [{ trigger: end }, { action: end }]) {
      expect(parseRulePut(JSON.stringify(body), { own: "me" })).toMatchObject({ ok: false, code: "malformed-body" });
    }
  });

  it("keeps what a PUT does not name", () => {
    const rule = newRule(put({ publish: true }), { ...HEAD, ...ENDS });
    const moved = updatedRule(rule, put({ trigger: "/_/u" }), { updated: 9, revision: "r2", writtenWith: "owner" });
    expect(moved).toEqual({
      ...rule,
      version: "0.0.2",
      writtenWith: "owner",
      trigger: { path: "me", name: "u" },
      updated: 9,
      revision: "r2",
    });
  });

  it("has no parameters, whatever is said to be such, and is held to the rest", () => {
    expect(put({ parameters: "nonsense", publish: null, version: "2" })).toEqual({ version: "2.0.0" });
    for (const body of [{ annotations: {} }, { version: 1 }, { publish: "yes" }, [], 7]) {
      expect(parseRulePut(JSON.stringify(body), { own: "me" })).toMatchObject({ ok: false, code: "malformed-body" });
    }
  });

  it("is a rule of the first version that is not published, with what is given in their place", () => {
    expect(newRule({}, { ...HEAD, ...ENDS })).toEqual({
      ...{ namespace: "me", name: "r", version: "0.0.1", publish: false, annotations: [] },
      ...{ ...ENDS, updated: 7, revision: "r1", writtenWith: "use" },
    });
    const given = put({ version: "1.2", publish: true, annotations: [{ key: "a", value: 1 }] });
    expect(newRule(given, { ...HEAD, ...ENDS, writerScope: ["a*"] })).toMatchObject({
      ...{ version: "1.2.0", publish: true, annotations: [{ key: "a", value: "1" }], writerScope: ["a*"] },
    });
  });

  it("takes the place of all that it names, and of whose scope wrote it last", () => {
    const rule = newRule(put({ publish: true }), { ...HEAD, ...ENDS, writerScope: ["a*"] });
    const stamp = { updated: 9, revision: "r2", writtenWith: "use" as const };
    const given = { ...put({ publish: false, version: "3.0.0", annotations: [] }), action: { path: "me", name: "b" } };
    const after = updatedRule(rule, given, stamp);
    expect(after).toEqual({ ...newRule(given, { ...HEAD, ...ENDS, action: { path: "me", name: "b" } }), ...stamp });
    expect(updatedRule(rule, {}, { ...stamp, writerScope: ["b"] }).writerScope).toEqual(["b"]);
  });
});

describe("the status of a rule", () => {
  it("is active or inactive, whatever else the body names", () => {
    expect(parseStatus('{"status":"active","trigger":null,"action":null}')).toEqual({ ok: true, value: "active" });
    expect(parseStatus('{"status":"inactive","name":7}')).toEqual({ ok: true, value: "inactive" });
  });

  it.each([
    "{}",
    "[]",
    "7",
    '"active"',
    '{"status":null}',
    '{"status":"on"}',
    '{"status":true}',
    '{"status":["active"]}',
  ])("is not %s", (text) => {
    expect(parseStatus(text)).toMatchObject({ ok: false, code: "malformed-body" });
  });
});
