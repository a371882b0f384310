// Where the addressed actions lie, and whether the caller may go there: to read, also through bindings and into published
// packages; to write, only in packages of its own.

import { openPackage } from "../../catalog/open-package.ts";
import type { Parameter } from "../../entities/action.ts";
import { nameFault, namespaceFault } from "../../entities/names.ts";
import { readPackage } from "../../entities/package.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { EntityKey } from "../../storage/entity-store.ts";
import type { AppContext } from "../context.ts";
import { namespaceOf } from "../namespace.ts";

export interface ReadPlace {
  /** `ns` or `ns/package` of what provides the action. */
  path: string;
  /** What the package, and the binding over it, give the action. */
  parameters: Parameter[];
}

export interface WritePlace {
  key: EntityKey;
  /** The package it goes into, if any. */
  package?: EntityKey;
}

/** `names`: none for a list, else the action's. */
export async function readPlace(c: AppContext, names: [] | [string]): Promise<Result<ReadPlace>> {
  const asked = addressed(c, names);
  if (!asked.ok) return asked;
  const { namespace, bundle, own, whole } = asked.value;
  if (bundle === undefined) return own ? ok({ path: namespace, parameters: [] }) : fail("not-authorized", whole);
  const caller = c.get("identity").namespace.name;
  return openPackage(c.get("services").stores.entities, { caller, key: { path: namespace, name: bundle } });
}

export async function writePlace(c: AppContext, name: string): Promise<Result<WritePlace>> {
  const asked = addressed(c, [name]);
  if (!asked.ok) return asked;
  const { namespace, bundle, own, whole } = asked.value;
  if (!own) return fail("not-authorized", whole);
  if (bundle === undefined) return ok({ key: { path: namespace, name } });
  const place = { path: namespace, name: bundle };
  const stored = await c.get("services").stores.entities.get(place);
  if (stored === null) return fail("not-found");
  if (stored.type !== "package") return fail("wrong-collection");
  const found = readPackage(stored.document);
  if (found === null) return fail("corrupted");
  if (found.binding !== null) return fail("not-on-binding");
  return ok({ key: { path: `${namespace}/${bundle}`, name }, package: place });
}

function addressed(c: AppContext, names: [] | [string]) {
  const namespace = namespaceOf(c);
  const bundle = c.req.param("package");
  const segments = bundle === undefined ? names : [bundle, ...names];
  const fault = namespaceFault(namespace) ?? segments.map(nameFault).find((each) => each !== null) ?? null;
  const own = namespace === c.get("identity").namespace.name;
  return fault ?? ok({ namespace, bundle, own, whole: [namespace, ...segments].join("/") });
}
