// A feed is an action, and what it does is done to a trigger: who calls it must be one who may do that, whatever road
// leads to it.

import type { Identity } from "../entities/identity.ts";
import { refusalOf } from "../entities/permission.ts";
import { membersOf, type RawJson } from "../entities/raw-json.ts";
import type { Failure } from "../errors.ts";

/** What clients send to every feed. */
const EVENT = "lifecycleEvent";
const TRIGGER = "triggerName";

/** Why the caller may not have a feed do this to a trigger, or null; null also for what is no call of a feed. `args`:
 * text of a JSON object or array. Feeds of the platform serve triggers of their caller's namespace only, whatever the
 * name says of another. */
export function feedRefusal(caller: Omit<Identity, "key">, args: RawJson): Failure | null {
  if (!caller.derived && caller.scope === undefined) return null;
  const event = textOf(args, EVENT);
  if (event === undefined) return null;
  return triggerRefusal(caller, { reads: event === "READ", trigger: textOf(args, TRIGGER) ?? "" });
}

/** The same of a trigger that is named in another way. `trigger`: `name` or `/ns/name`. */
export function triggerRefusal(
  caller: Omit<Identity, "key">,
  { reads, trigger }: { reads: boolean; trigger: string },
): Failure | null {
  const name = trigger.startsWith("/") ? trigger.split("/").slice(2).join("/") : trigger;
  return refusalOf(caller, { right: reads ? "read" : "wire", name: { path: caller.namespace.name, name } });
}

function textOf(args: RawJson, key: string): string | undefined {
  const raw = (membersOf(args) ?? []).findLast((each) => each.key === key)?.value;
  const value: unknown = raw === undefined ? undefined : JSON.parse(raw);
  return typeof value === "string" ? value : undefined;
}
