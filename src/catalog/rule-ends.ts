// The two ends of a rule: may the caller name them, and are they there?

import { readAction } from "../entities/action-document.ts";
import type { EntityPoint } from "../entities/names.ts";
import { scopeFault } from "../entities/permission.ts";
import type { RulePut } from "../entities/rule-put.ts";
import type { Scope } from "../entities/scope.ts";
import type { Trigger } from "../entities/trigger.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import { packageOf } from "./components.ts";
import { openPackage } from "./open-package.ts";
import { findTrigger } from "./stored-trigger.ts";

type Entities = Pick<EntityStore, "get">;

/** Why the caller may not name these, or null. Nobody learns whether a foreigner's things are there. `scope`: the names
 * he may use; absent: all. */
export async function rightsFault(
  entities: Entities,
  { caller, scope }: { caller: string; scope?: Scope | undefined },
  put: Pick<RulePut, "trigger" | "action">,
): Promise<Failure | null> {
  const { trigger, action } = put;
  const bundle = action === undefined ? null : packageOf(action);
  const own = [trigger, bundle === null ? action : undefined].filter((each) => each !== undefined);
  const foreign = own.filter(({ path }) => path.split("/", 1)[0] !== caller);
  if (foreign.length > 0) return fail("not-authorized", foreign.map(({ path, name }) => `${path}/${name}`).join(", "));
  for (const each of [trigger, action]) {
    const beyond = each === undefined ? null : scopeFault({ scope, own: caller }, each);
    if (beyond !== null) return beyond;
  }
  if (bundle === null) return null;
  const opened = await openPackage(entities, { caller, key: bundle });
  return opened.ok ? null : opened;
}

/** The trigger, if both are there. */
export async function endsOf(
  entities: Entities,
  caller: string,
  { trigger, action }: { trigger: EntityPoint; action: EntityPoint },
): Promise<Result<Trigger>> {
  const [found, fault] = await Promise.all([findTrigger(entities, trigger), actionFault(entities, caller, action)]);
  if (!found.ok) return missing("trigger", trigger, found);
  return fault ?? ok(found.value);
}

async function actionFault(entities: Entities, caller: string, action: EntityPoint): Promise<Failure | null> {
  const bundle = packageOf(action);
  const opened = bundle === null ? null : await openPackage(entities, { caller, key: bundle });
  if (opened !== null && !opened.ok) return missing("action", action, fail("not-found"));
  const stored = await entities.get({ path: opened?.value.path ?? action.path, name: action.name });
  if (stored === null) return missing("action", action, fail("not-found"));
  if (stored.type !== "action") return missing("action", action, fail("wrong-collection"));
  return readAction(stored.document) === null ? missing("action", action, fail("corrupted")) : null;
}

function missing(what: "trigger" | "action", { path, name }: EntityPoint, { code }: Failure): Failure {
  const text = `${what} /${path}/${name}`;
  if (code === "corrupted") return fail("bad-request", `${text} is corrupted`);
  const more = code === "wrong-collection" ? ": the name belongs to something else" : "";
  return fail("bad-request", `${text} does not exist${more}`);
}
