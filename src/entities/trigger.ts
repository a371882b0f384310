// A trigger with the rules that follow it: the document that is stored, the item in lists, what clients see. What a
// rule does stands here and not in the rule, so that a fire reads one document.

import type { EntityHead, Parameter } from "./action.ts";
import { fieldsOfDocument, headOf, listOf, printHead, printHidden } from "./entity-head.ts";
import type { EntityPoint } from "./names.ts";
import { printParameters } from "./parameters.ts";
import { objectOf, type RawJson } from "./raw-json.ts";
import type { Rights } from "./rights.ts";
import type { Scope } from "./scope.ts";

/** Of one trigger: a fire is one row, with a line for each. */
export const MAX_RULES = 1_000;

export type RuleStatus = "active" | "inactive";

/** What a trigger knows of one of its rules. */
export interface TriggerRule {
  /** `ns/name` of the rule. */
  rule: string;
  action: EntityPoint;
  status: RuleStatus;
  /** Rights of the key that last wrote the rule; absent: a stored key's. */
  writtenWith?: Rights;
  /** The names that key could use; absent: all. */
  writerScope?: Scope;
}

export interface Trigger extends EntityHead {
  parameters: Parameter[];
  rules: TriggerRule[];
}

/** The text that is stored. */
export function triggerDocument(trigger: Trigger): RawJson {
  return objectOf([
    ...printHead(trigger),
    ["parameters", printParameters(trigger.parameters)],
    ["rules", JSON.stringify(trigger.rules)],
    ["updated", JSON.stringify(trigger.updated)],
    ...printHidden(trigger),
  ]);
}

/** The trigger behind a stored text, or null if it is not one. */
export function readTrigger(document: RawJson): Trigger | null {
  try {
    const field = fieldsOfDocument(document);
    const rules = JSON.parse(field("rules")) as TriggerRule[] | null;
    if (!Array.isArray(rules)) return null;
    return { ...headOf(field), parameters: listOf(field("parameters")), rules };
  } catch {
    return null;
  }
}

/** The item of a trigger in lists. */
export function triggerSummary(trigger: Trigger): RawJson {
  return objectOf([...printHead(trigger), ["updated", JSON.stringify(trigger.updated)]]);
}

/** What GET and the answers to PUT and DELETE show. */
export function showTrigger(trigger: Trigger): RawJson {
  const rules = trigger.rules.map(({ rule, action, status }) => [rule, JSON.stringify({ action, status })] as const);
  return objectOf([
    ...printHead(trigger),
    ["parameters", printParameters(trigger.parameters)],
    ["limits", "{}"],
    ["rules", objectOf(rules)],
    ["updated", JSON.stringify(trigger.updated)],
  ]);
}

/** `rule`: ns/name. Inactive also where the trigger is gone, or does not know the rule. */
export function statusOf(trigger: Trigger | null, rule: string): RuleStatus {
  return trigger?.rules.find((each) => each.rule === rule)?.status ?? "inactive";
}

/** The trigger with what it is to know of this rule; `version` and `updated` are of what its owner wrote, and stay. */
export function withRule(trigger: Trigger, link: TriggerRule, revision: string): Trigger {
  const known = trigger.rules.some((each) => each.rule === link.rule);
  const rules = known ? trigger.rules.map((each) => (each.rule === link.rule ? link : each)) : [...trigger.rules, link];
  return { ...trigger, rules, revision };
}

export function withoutRule(trigger: Trigger, rule: string, revision: string): Trigger {
  return { ...trigger, rules: trigger.rules.filter((each) => each.rule !== rule), revision };
}
