// Where the addressed actions lie, and whether the caller may go there: to read, also through bindings and into
// published packages; to write, only in packages of its own.

import type { Parameter } from "../entities/action.ts";
import type { Identity } from "../entities/identity.ts";
import { nameFault, namespaceFault } from "../entities/names.ts";
import { readPackage } from "../entities/package.ts";
import { scopeFault, scopeIn } from "../entities/permission.ts";
import { type NamesWanted, namesIn } from "../entities/scope.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { CatalogContext } from "./context.ts";
import { openPackage } from "./open-package.ts";

/** What is asked for: an action, or without its name a list of them. Not looked at yet. */
export interface ActionAddress {
  namespace: string;
  package?: string | undefined;
  name?: string;
}

/** Where to look for actions. */
export interface ReadPlace {
  /** `ns` or `ns/package` of what provides the action. */
  path: string;
  /** What the package, and the binding over it, give the action. */
  parameters: Parameter[];
  /** No package was named: a list has what is in the packages, too. */
  deep: boolean;
  /** The names that a list shows to the caller; null: all. */
  names: NamesWanted | null;
}

declare const WRITABLE: unique symbol;

/** Where an action is written or deleted. */
export interface WritePlace {
  /** The caller may write there: `placeToWrite` alone makes one. */
  key: EntityKey & { readonly [WRITABLE]: true };
  /** The package it goes into, if any. */
  package?: EntityKey;
}

type Ports = Pick<CatalogContext, "caller" | "entities">;

/** Fails with `bad-request` for what can be no name, with `not-authorized` for another's namespace,
 * else as `openPackage` does. */
export async function placeToRead({ caller, entities }: Ports, address: ActionAddress): Promise<Result<ReadPlace>> {
  const asked = checked(caller, address);
  if (!asked.ok) return asked;
  const { namespace, package: bundle } = address;
  const { own, whole } = asked.value;
  if (bundle === undefined) {
    if (!own) return fail("not-authorized", whole);
    return ok({ path: namespace, parameters: [], deep: true, names: namesIn(namespace, scopeIn(caller)) });
  }
  const opened = await openPackage(entities, { caller: caller.namespace.name, key: { path: namespace, name: bundle } });
  if (!opened.ok) return opened;
  const { path, parameters, binding } = opened.value;
  // Who may use all of a package sees all of it, through a binding as well.
  const beyond = scopeFault(scopeIn(caller), { path: `${namespace}/${bundle}` });
  if (beyond !== null && binding !== undefined && address.name === undefined) return beyond;
  return ok({ path, parameters, deep: false, names: beyond === null ? null : namesIn(namespace, scopeIn(caller)) });
}

/** Fails besides where the package is missing (`not-found`), is none (`wrong-collection`)
 * or is a binding (`not-on-binding`). */
export async function placeToWrite(
  { caller, entities }: Ports,
  address: ActionAddress & { name: string },
): Promise<Result<WritePlace>> {
  const asked = checked(caller, address);
  if (!asked.ok) return asked;
  const { namespace, package: bundle, name } = address;
  if (!asked.value.own) return fail("not-authorized", asked.value.whole);
  if (bundle === undefined) return ok({ key: writable({ path: namespace, name }) });
  const place = { path: namespace, name: bundle };
  const stored = await entities.get(place);
  if (stored === null) return fail("not-found");
  if (stored.type !== "package") return fail("wrong-collection");
  const found = readPackage(stored.document);
  if (found === null) return fail("corrupted");
  if (found.binding !== null) return fail("not-on-binding");
  return ok({ key: writable({ path: `${namespace}/${bundle}`, name }), package: place });
}

function writable(key: EntityKey): WritePlace["key"] {
  return key as WritePlace["key"];
}

/** `whole`: the address as texts name it. */
function checked(
  caller: Identity,
  { namespace, package: bundle, name }: ActionAddress,
): Result<{ own: boolean; whole: string }> {
  const segments = [bundle, name].filter((each) => each !== undefined);
  const fault = namespaceFault(namespace) ?? segments.map(nameFault).find((each) => each !== null) ?? null;
  const own = namespace === caller.namespace.name;
  return fault ?? ok({ own, whole: [namespace, ...segments].join("/") });
}
