// What is to be written when a rule is: the rule, and the triggers that begin or cease to know it, as one write.

import type { Stamp } from "../entities/entity-put.ts";
import type { EntityPoint } from "../entities/names.ts";
import { type Rule, readRule, ruleDocument, ruleName, ruleSummary } from "../entities/rule.ts";
import { newRule, type RulePut, updatedRule } from "../entities/rule-put.ts";
import {
  MAX_RULES,
  type RuleStatus,
  statusOf,
  type Trigger,
  type TriggerRule,
  withoutRule,
  withRule,
} from "../entities/trigger.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { Change, EntityKey, EntityStore, NewEntity } from "../storage/entity-store.ts";
import type { WritePlan } from "./retry-on-conflict.ts";
import { endsOf, rightsFault } from "./rule-ends.ts";
import { findTrigger, triggerEntity } from "./stored-trigger.ts";

type Entities = Pick<EntityStore, "get" | "putTogether" | "put" | "delete">;

/** A rule, and what its trigger says of it. */
export interface ShownRule {
  rule: Rule;
  status: RuleStatus;
}

interface FoundRule extends ShownRule {
  /** Null: there is none of this name now. */
  trigger: Trigger | null;
}

/** With its trigger, if that is there. Fails with `not-found`, `wrong-collection` or `corrupted`. */
export async function findRule(entities: Pick<EntityStore, "get">, key: EntityKey): Promise<Result<FoundRule>> {
  const stored = await entities.get(key);
  if (stored === null) return fail("not-found");
  if (stored.type !== "rule") return fail("wrong-collection");
  const rule = readRule(stored.document);
  if (rule === null) return fail("corrupted");
  const found = await findTrigger(entities, rule.trigger);
  const trigger = found.ok ? found.value : null;
  return ok({ rule, trigger, status: statusOf(trigger, ruleName(rule)) });
}

/** The rule as it is to be, the trigger it follows, and the one it followed before, as one write. */
export async function planPut(
  entities: Entities,
  { key, put, overwrite, stamp }: { key: EntityKey; put: RulePut; overwrite: boolean; stamp: Stamp },
): Promise<Result<WritePlan<ShownRule>>> {
  const who = { caller: key.path, scope: stamp.writerScope };
  const fault = await rightsFault(entities, who, put);
  if (fault !== null) return fault;
  const found = await findRule(entities, key);
  if (!found.ok && found.code !== "not-found") return found;
  if (found.ok && !overwrite) return fail("already-exists");
  const old = found.ok ? found.value : null;
  const trigger = put.trigger ?? old?.rule.trigger;
  const action = put.action ?? old?.rule.action;
  if (trigger === undefined || action === undefined) {
    return fail("bad-request", "rule requires a valid trigger and a valid action");
  }
  // Who writes it next answers for what it goes on naming.
  const beyond = stamp.writerScope === undefined ? null : await rightsFault(entities, who, { trigger, action });
  if (beyond !== null) return beyond;
  const ends = await endsOf(entities, key.path, { trigger, action });
  if (!ends.ok) return ends;
  const rule = old === null ? newRule(put, { ...key, trigger, action, ...stamp }) : updatedRule(old.rule, put, stamp);
  const status = old?.status ?? "active";
  const linked = link(ends.value, { rule: ruleName(rule), action, status, ...writerOf(rule) });
  if (!linked.ok) return linked;
  const changes: Change[] = [{ put: ruleEntity(rule), expected: old?.rule.revision ?? null }];
  const left = old?.trigger ?? null;
  if (left !== null && !samePoint(trigger, old?.rule.trigger) && knows(left, ruleName(rule))) {
    changes.push({ put: unlinked(left, rule), expected: left.revision });
  }
  const options = { expected: ends.value.revision, with: changes };
  return ok({ value: { rule, status }, write: () => entities.putTogether(linked.value, options) });
}

/** The rule goes, and its trigger forgets it. */
export async function planRemoval(entities: Entities, key: EntityKey): Promise<Result<WritePlan<ShownRule>>> {
  const found = await findRule(entities, key);
  if (!found.ok) return found;
  const { rule, trigger } = found.value;
  const value = { rule, status: "inactive" as const };
  const expected = rule.revision;
  if (trigger === null || !knows(trigger, ruleName(rule))) {
    return ok({ value, write: () => entities.delete(key, { expected }) });
  }
  const options = { expected: trigger.revision, with: [{ delete: key, expected }] };
  return ok({ value, write: () => entities.putTogether(unlinked(trigger, rule), options) });
}

/** That the action is still there, a fire will find out. */
export async function planStatus(
  entities: Entities,
  { key, status }: { key: EntityKey; status: RuleStatus },
): Promise<Result<WritePlan<null>>> {
  const found = await findRule(entities, key);
  if (!found.ok) return found;
  const { rule, trigger } = found.value;
  if (found.value.status === status) return ok({ value: null, write: null });
  if (trigger === null) return fail("rule-without-trigger");
  const linked = link(trigger, linkOf(rule, status));
  if (!linked.ok) return linked;
  // The rule itself is written as it is: should it be moved or deleted meanwhile,
  // this trigger must not learn of it again.
  const revision = crypto.randomUUID();
  const same = { put: ruleEntity({ ...rule, revision }), expected: rule.revision };
  const options = { expected: trigger.revision, with: [same] };
  return ok({ value: null, write: () => entities.putTogether(linked.value, options) });
}

/** Whoever switches it, it stays what its writer made of it. */
function linkOf(rule: Rule, status: RuleStatus): TriggerRule {
  return { rule: ruleName(rule), action: rule.action, status, ...writerOf(rule) };
}

function writerOf({ writtenWith, writerScope }: Rule): Pick<TriggerRule, "writtenWith" | "writerScope"> {
  return {
    ...(writtenWith === undefined ? {} : { writtenWith }),
    ...(writerScope === undefined ? {} : { writerScope }),
  };
}

function link(trigger: Trigger, rule: TriggerRule): Result<NewEntity> {
  const linked = withRule(trigger, rule, crypto.randomUUID());
  if (linked.rules.length > MAX_RULES) return fail("bad-request", `A trigger can have at most ${MAX_RULES} rules.`);
  return ok(triggerEntity(linked));
}

function unlinked(trigger: Trigger, rule: Rule): NewEntity {
  return triggerEntity(withoutRule(trigger, ruleName(rule), crypto.randomUUID()));
}

function knows(trigger: Trigger, rule: string): boolean {
  return trigger.rules.some((each) => each.rule === rule);
}

function samePoint(one: EntityPoint, other: EntityPoint | undefined): boolean {
  return one.path === other?.path && one.name === other.name;
}

function ruleEntity(rule: Rule): NewEntity {
  return {
    path: rule.namespace,
    name: rule.name,
    type: "rule",
    revision: rule.revision,
    updated: rule.updated,
    document: ruleDocument(rule),
    summary: ruleSummary(rule),
    blobs: [],
  };
}
