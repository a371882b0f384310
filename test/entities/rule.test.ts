// Rules as text, and what a PUT or a POST of one may say.

import { describe, expect, it } from "vitest";
import { readRule, ruleDocument, ruleName, ruleSummary, showRule } from "../../src/entities/rule.ts";
import { newRule, parseRulePut, parseStatus, type RulePut, updatedRule } from "../../src/entities/rule-put.ts";

function put(body: unknown): RulePut {
  const parsed = parseRulePut(JSON.stringify(body), { own: "me" });
  if (!parsed.ok) throw new Error(parsed.text);
  return parsed.value;
}

const HEAD = { path: "me", name: "r", updated: 7, revision: "r1", writtenWith: "use" as const };
const ENDS = { trigger: { path: "me", name: "t" }, action: { path: "me/p", name: "a" } };

describe("a rule", () => {
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

  it("comes back from its stored text, and has a status only where it is asked for alone", () => {
    const rule = newRule(put({ annotations: [{ key: "a", value: 1 }], parameters: 7 }), { ...HEAD, ...ENDS });
    expect(readRule(ruleDocument(rule))).toEqual(rule);
    expect(ruleName(rule)).toBe("me/r");
    const shown = JSON.parse(ruleSummary(rule));
    expect(shown).toEqual({
      ...{ namespace: "me", name: "r", version: "0.0.1", publish: false, annotations: [{ key: "a", value: 1 }] },
      ...ENDS,
      updated: 7,
    });
    expect(JSON.parse(showRule(rule, "active"))).toEqual({ ...shown, status: "active" });
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

  it("is not read from what is none", () => {
    for (const text of ["{}", "[]", "7", '{"name":"r","annotations":[],"trigger":"/me/t","action":null}']) {
      expect([text, readRule(text)]).toEqual([text, null]);
    }
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
