// May this caller do that, with this name? Pure: each door asks here, and says the same of what it refuses.

import { type Failure, fail } from "../errors.ts";
import { type Identity, rightsOf } from "./identity.ts";
import { holdsRight, type Right, rolesWith } from "./rights.ts";
import { holds, type Scope, type ScopedName } from "./scope.ts";

/** What each right is, as refusals and documents say it. */
export const RIGHT_TEXTS: Readonly<Record<Right, string>> = {
  enter: "come in",
  read: "get and list what is there",
  records: "read activations, their results and their logs",
  invoke: "invoke actions",
  fire: "fire triggers",
  wire: "write triggers and rules",
  deploy: "write actions and packages",
  own: "do what is the owner's alone",
};

/** Patterns that a refusal names. */
const MAX_SHOWN = 10;

type Caller = Pick<Identity, "rights" | "derived" | "scope" | "role" | "namespace">;

/** Why the caller may not do that, or null. `name`: what it is done to; absent: nothing that has a name,
 * or all of a namespace. */
export function refusalOf(caller: Caller, { right, name }: { right: Right; name?: ScopedName }): Failure | null {
  return rightFault(caller, right) ?? (name === undefined ? null : scopeFault(scopeIn(caller), name));
}

/** Names the right, and who has it. */
export function rightFault(caller: Pick<Identity, "rights" | "derived" | "role">, right: Right): Failure | null {
  const rights = rightsOf(caller);
  if (holdsRight(rights, right)) return null;
  const { role } = caller;
  if (role === undefined && (rights === "use" || rights === "deploy")) return fail("beyond-credential");
  const who = role === undefined ? "This key was given to an action, and" : `This key's role is '${role}', and it`;
  const holders = rolesWith(right).map((each) => `'${each}'`);
  return fail("lacks-right", `${who} may not ${RIGHT_TEXTS[right]}: that takes the role ${holders.join(" or ")}.`);
}

/** Why a key with this scope, of the namespace `own`, may not use the name; null where it may. */
export function scopeFault(
  { scope, own }: { scope: Scope | undefined; own: string },
  name: ScopedName,
): Failure | null {
  if (holds(scope, own, name)) return null;
  const what = `/${name.path}${name.name === undefined ? "" : `/${name.name}`}`;
  return fail("out-of-scope", `'${what}' is not in the scope of the key: ${shown(scope ?? [])}.`);
}

/** Why a key that may not use all names may not do what concerns all of them. */
export function wholeFault({ scope }: Pick<Identity, "scope">): Failure | null {
  if (scope === undefined) return null;
  return fail("out-of-scope", `This is of the whole namespace, and the key has a scope: ${shown(scope)}.`);
}

export function scopeIn({ scope, namespace }: Pick<Identity, "scope" | "namespace">) {
  return { scope, own: namespace.name };
}

function shown(scope: Scope): string {
  if (scope.length === 0) return "it holds nothing";
  const more = scope.length > MAX_SHOWN ? ", …" : "";
  return `it holds ${scope
    .slice(0, MAX_SHOWN)
    .map((each) => `'${each}'`)
    .join(", ")}${more}`;
}
