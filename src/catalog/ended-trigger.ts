// A trigger that has fired for the last time goes, and its rules with it where its owner wished so.

import { ok, type Result } from "../errors.ts";
import type { CatalogContext } from "./context.ts";
import { ownKey } from "./own.ts";
import { deleteRule } from "./rules.ts";
import { deleteTrigger } from "./triggers.ts";

/** Of the caller's own namespace. What is gone already is no failure: this may be done again. */
export async function endTrigger(
  context: CatalogContext,
  name: string,
  { rules }: { rules: boolean },
): Promise<Result<null>> {
  const path = context.caller.namespace.name;
  const key = ownKey(context.caller, { path, name });
  if (!key.ok) return key;
  const gone = await deleteTrigger(context, key.value);
  if (!gone.ok) return gone.code === "not-found" ? ok(null) : gone;
  if (!rules) return ok(null);
  for (const { rule } of gone.value.rules) {
    const own = ownKey(context.caller, { path, name: rule.slice(rule.indexOf("/") + 1) });
    if (!own.ok) return own;
    const removed = await deleteRule(context, own.value);
    if (!removed.ok && removed.code !== "not-found") return removed;
  }
  return ok(null);
}
