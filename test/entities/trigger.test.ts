// Triggers and their rules as text.

import { describe, expect, it } from "vitest";
import {
  readTrigger,
  showTrigger,
  statusOf,
  type Trigger,
  type TriggerRule,
  triggerDocument,
  triggerSummary,
  withoutRule,
  withRule,
} from "../../src/entities/trigger.ts";
import { newTrigger, parseTriggerPut } from "../../src/entities/trigger-put.ts";

const HEAD = { path: "ns", name: "t", updated: 7, revision: "r1", writtenWith: "use" as const };

function made(body: string): Trigger {
  const put = parseTriggerPut(body);
  const trigger = put.ok ? newTrigger(put.value, HEAD) : put;
  if (!trigger.ok) throw new Error(trigger.text);
  return trigger.value;
}

const link = (rule: string, status: TriggerRule["status"] = "active"): TriggerRule => ({
  rule: `ns/${rule}`,
  action: { path: "ns/p", name: "a" },
  status,
});

describe("a trigger", () => {
  it("comes back from its stored text with the bytes of its parameters", () => {
    const trigger = withRule(made('{"parameters":[{"key":"n","value":1.0}]}'), link("r"), "r2");
    expect(readTrigger(triggerDocument(trigger))).toEqual(trigger);
    expect(showTrigger(trigger)).toContain('"value":1.0');
  });

  it("shows its rules by name, and no limits", () => {
    const trigger = withRule(made("{}"), link("r"), "r2");
    expect(JSON.parse(showTrigger(trigger))).toEqual({
      ...{ namespace: "ns", name: "t", version: "0.0.1", publish: false, annotations: [], parameters: [], limits: {} },
      rules: { "ns/r": { action: { path: "ns/p", name: "a" }, status: "active" } },
      updated: 7,
    });
    expect(Object.keys(JSON.parse(triggerSummary(trigger))).sort()).toEqual(
      ["annotations", "name", "namespace", "publish", "updated", "version"].sort(),
    );
  });

  it("knows each rule once, and forgets it", () => {
    const trigger = withRule(withRule(made("{}"), link("r"), "r2"), link("s"), "r3");
    const switched = withRule(trigger, link("r", "inactive"), "r4");
    expect(switched.rules.map(({ rule, status }) => [rule, status])).toEqual([
      ["ns/r", "inactive"],
      ["ns/s", "active"],
    ]);
    const left = withoutRule(switched, "ns/r", "r5");
    expect([statusOf(left, "ns/r"), statusOf(left, "ns/s"), statusOf(null, "ns/s")]).toEqual([
      "inactive",
      "active",
      "inactive",
    ]);
    expect(left).toMatchObject({ version: "0.0.1", updated: 7, revision: "r5" });
  });

  it("is not read from what is none", () => {
    for (const text of ["{}", "[]", "7", '{"name":"t","parameters":[],"annotations":[]}', '{"name":7,"rules":[]}']) {
      expect([text, readTrigger(text)]).toEqual([text, null]);
    }
  });
});
