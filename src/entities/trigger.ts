// A trigger with its rules, as it is stored.

import type { EntityHead, Parameter } from "./action.ts";
import { parseParameters } from "./parameters.ts";
import { membersOf, type RawJson } from "./raw-json.ts";

export interface TriggerRule {
  rule: string;
  action: { path: string; name: string };
  status: "active" | "inactive";
}

export interface Trigger extends EntityHead {
  parameters: Parameter[];
  rules: TriggerRule[];
}

export function readTrigger(document: RawJson): Trigger | null {
  const fields = new Map((membersOf(document) ?? []).map((member) => [member.key, member.value]));
  const field = (name: string): RawJson => fields.get(name) ?? "null";
  const parameters = parseParameters(field("parameters"), "parameters");
  if (!parameters.ok) return null;
  return { ...JSON.parse(document), parameters: parameters.value } as Trigger;
}
