// A rule: which action follows which trigger. Whether it is active, the trigger says.

import type { EntityHead } from "./action.ts";
import { fieldsOfDocument, headOf, printHead, printHidden } from "./entity-head.ts";
import type { EntityPoint } from "./names.ts";
import { objectOf, type RawJson } from "./raw-json.ts";
import type { RuleStatus } from "./trigger.ts";

export interface Rule extends EntityHead {
  trigger: EntityPoint;
  action: EntityPoint;
}

/** `ns/name`, as triggers know it. */
export function ruleName(rule: Pick<Rule, "namespace" | "name">): string {
  return `${rule.namespace}/${rule.name}`;
}

/** The text that is stored. */
export function ruleDocument(rule: Rule): RawJson {
  return objectOf([...fieldsOf(rule), ...printHidden(rule)]);
}

/** The rule behind a stored text, or null if it is not one. */
export function readRule(document: RawJson): Rule | null {
  try {
    const field = fieldsOfDocument(document);
    const [trigger, action] = [field("trigger"), field("action")].map((raw) => JSON.parse(raw) as EntityPoint | null);
    if (typeof trigger?.name !== "string" || typeof action?.name !== "string") return null;
    return { ...headOf(field), trigger, action };
  } catch {
    return null;
  }
}

/** The item of a rule in lists: all of it, but not its status. */
export function ruleSummary(rule: Rule): RawJson {
  return objectOf(fieldsOf(rule));
}

/** What GET and the answers to PUT and DELETE show. */
export function showRule(rule: Rule, status: RuleStatus): RawJson {
  return objectOf([...fieldsOf(rule), ["status", JSON.stringify(status)]]);
}

function fieldsOf(rule: Rule): [string, RawJson][] {
  return [
    ...printHead(rule),
    ["trigger", JSON.stringify(rule.trigger)],
    ["action", JSON.stringify(rule.action)],
    ["updated", JSON.stringify(rule.updated)],
  ];
}
