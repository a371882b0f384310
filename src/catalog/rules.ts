// Rules: create, update, switch on and off, delete. A rule is written together with the triggers that know it.

import { parametersFault } from "../entities/limit-values.ts";
import type { RulePut } from "../entities/rule-put.ts";
import type { RuleStatus } from "../entities/trigger.ts";
import type { Result } from "../errors.ts";
import type { CatalogContext } from "./context.ts";
import type { OwnKey } from "./own.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { findRule, planPut, planRemoval, planStatus, type ShownRule } from "./rule-plans.ts";
import { stampOf } from "./stamp.ts";

/** Fails with `not-found`, `wrong-collection` or `corrupted`. */
export function getRule({ entities }: Pick<CatalogContext, "entities">, key: OwnKey): Promise<Result<ShownRule>> {
  return findRule(entities, key);
}

/** Fails where an end is missing or is not the caller's to name, with `too-large` for its annotations, and with
 * `already-exists` without `overwrite`. */
export async function putRule(
  context: CatalogContext,
  { key, put, overwrite }: { key: OwnKey; put: RulePut; overwrite: boolean },
): Promise<Result<ShownRule>> {
  const fault = parametersFault(put, context.caller.limits);
  if (fault !== null) return fault;
  const { entities } = context;
  return retryOnConflict(context, () => planPut(entities, { key, put, overwrite, stamp: stampOf(context) }));
}

/** Its trigger forgets it in the same write. */
export function deleteRule(context: CatalogContext, key: OwnKey): Promise<Result<ShownRule>> {
  return retryOnConflict(context, () => planRemoval(context.entities, key));
}

/** Fails with `rule-without-trigger` where there is no trigger of its name now. */
export function switchRule(
  context: CatalogContext,
  { key, status }: { key: OwnKey; status: RuleStatus },
): Promise<Result<null>> {
  return retryOnConflict(context, () => planStatus(context.entities, { key, status }));
}
