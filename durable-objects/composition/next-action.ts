// The name a conductor gives for what shall run next. Pure.

import { isName, OWN_NAMESPACE } from "../../src/entities/names.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { ActionName } from "../../src/protocol/composition.ts";

/** `name`, `package/name`, or with the namespace in front; what begins with a slash begins with the namespace. Null if
 * it is no name at all. `own`: the invoking namespace. */
export function nextAction(value: RawJson, own: string): ActionName | null {
  const text: unknown = JSON.parse(value);
  if (typeof text !== "string") return null;
  const parts = text.split("/").filter((part) => part !== "");
  if (parts.length < 1 || parts.length > 3 || !parts.every(isName)) return null;
  const rooted = text.startsWith("/") || parts.length === 3;
  if (rooted && parts.length === 1) return null;
  const all = rooted ? parts : [own, ...parts];
  if (all[0] === OWN_NAMESPACE) all[0] = own;
  return { path: all.slice(0, -1).join("/"), name: all.at(-1) ?? "" };
}
