// What a route needs of who calls it, held against the caller: its right, and the names in its path. What each needs
// stands in api/operations.ts.

import type { Identity } from "../entities/identity.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import { refusalOf, wholeFault } from "../entities/permission.ts";
import type { Right } from "../entities/rights.ts";
import type { ScopedName } from "../entities/scope.ts";
import type { Failure } from "../errors.ts";
import type { AppContext } from "./context.ts";
import { respond } from "./errors.ts";
import { inTurn } from "./in-turn.ts";
import type { Named, Needs } from "./needs.ts";

type Handler = (c: AppContext) => Response | Promise<Response>;

const NEEDS = Symbol("needs");

/** The handler behind its door: who may not do this is refused, whatever the rest of the request is. `needs`: null
 * where no key is asked for. */
export function guarded(needs: Needs | null, handler: Handler): Handler {
  const inside = needs === null ? handler : inTurn(needs, handler);
  const behind: Handler =
    needs === null
      ? (c) => handler(c)
      : (c) => {
          c.set("needs", needs);
          const refused = refusalFor(c, needs);
          return refused === null ? inside(c) : respond(c, refused);
        };
  return Object.assign(behind, { [NEEDS]: needs });
}

/** What a route's handler needs; undefined where nobody has said it. */
export function needsOf(handler: object): Needs | null | undefined {
  return (handler as { [NEEDS]?: Needs | null })[NEEDS];
}

/** Why the caller may not, or null. Asked of each request; a key that may everything is not looked at further. */
export function refusalFor(c: AppContext, { right, of }: Needs, identity = c.get("identity")): Failure | null {
  if (!identity.derived && identity.scope === undefined) return null;
  const caller = ofPlatform(identity);
  const name = nameOf(c, of);
  const refused = refusalOf(caller, { right: rightFor(caller, right, of), ...(name === undefined ? {} : { name }) });
  return refused ?? (of === "all" ? wholeFault(identity) : null);
}

/** Who may invoke reads what became of that. */
function rightFor({ rights }: Pick<Identity, "rights">, right: Right, of: Named): Right {
  return of === "record" && rights === "invoke" ? "invoke" : right;
}

/** What ships with the platform is everybody's: what runs there has no say in it. */
function ofPlatform(identity: Identity): Identity {
  if (identity.namespace.name !== SYSTEM_NAMESPACE || identity.rights !== "deploy" || identity.role !== undefined) {
    return identity;
  }
  return { ...identity, rights: "use" };
}

function nameOf(c: AppContext, of: Named): ScopedName | undefined {
  if (of !== "action" && of !== "package" && of !== "entity") return undefined;
  const given = c.req.param("ns") ?? "_";
  const namespace = given === "_" ? c.get("identity").namespace.name : given;
  const name = c.req.param("name") ?? "";
  if (of === "package") return { path: `${namespace}/${name}` };
  const bundle = c.req.param("package");
  return { path: bundle === undefined ? namespace : `${namespace}/${bundle}`, name };
}
