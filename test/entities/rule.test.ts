// Rules as text.

import { describe, expect, it } from "vitest";
import { readRule, ruleDocument, ruleName, ruleSummary, showRule } from "../../src/entities/rule.ts";
import { newRule } from "../../src/entities/rule-put.ts";
import { ENDS, HEAD, put } from "./rules.ts";

describe("a rule", () => {
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

  it("is not read from what is none", () => {
    for (const text of ["{}", "[]", "7", '{"name":"r","annotations":[],"trigger":"/me/t","action":null}']) {
      expect([text, readRule(text)]).toEqual([text, null]);
    }
  });
});
