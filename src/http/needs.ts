// What a route needs of who calls it.

import type { Right } from "../entities/rights.ts";

/** What a path names. "action", "package", "entity" (a trigger or a rule): that must be in the key's scope. "list",
 * "record": what is shown of it is. "all": the whole namespace, for keys without a scope. "nothing":
 * nothing that has a name. */
export type Named = "action" | "package" | "entity" | "list" | "record" | "all" | "nothing";

export interface Needs {
  right: Right;
  of: Named;
}
