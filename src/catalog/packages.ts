// Packages, and bindings to them: create, update, read, delete, list. Published ones are open to everybody's eyes. The
// order of the checks is the one clients know from OpenWhisk.

import type { Identity } from "../entities/identity.ts";
import { parametersFault } from "../entities/limit-values.ts";
import { nameFault, namespaceFault } from "../entities/names.ts";
import {
  isShared,
  type Package,
  packageDocument,
  packageSummary,
  type Reference,
  readPackage,
} from "../entities/package.ts";
import { newPackage, type PackagePut, updatedPackage } from "../entities/package-put.ts";
import { scopeFault, scopeIn } from "../entities/permission.ts";
import { namesIn } from "../entities/scope.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { EntityKey, NewEntity, StoredEntity } from "../storage/entity-store.ts";
import type { CatalogContext } from "./context.ts";
import { type EntityPage, listed, type Page } from "./list.ts";
import { openPackage } from "./open-package.ts";
import { type OwnKey, ownKey } from "./own.ts";
import { stampOf } from "./stamp.ts";

/** Stands in paths for no package at all. */
const RESERVED = "default";

declare const FREE: unique symbol;

/** A name under which the caller may make a package; `packageKey` alone makes one. */
export type PackageKey = OwnKey & { readonly [FREE]: true };

/** Fails with `bad-request` for what can be no package's name, `not-authorized` for another's namespace. */
export function packageKey(caller: Pick<Identity, "namespace">, key: EntityKey): Result<PackageKey> {
  const own = ownKey(caller, key);
  if (!own.ok) return own;
  if (key.name === RESERVED) return fail("bad-request", `Package name '${RESERVED}' is reserved.`);
  return ok(own.value as PackageKey);
}

/** Of a foreign namespace, existing or not, what is shared. `namespace`: well-formed. */
export function listPackages(
  { caller, entities }: Pick<CatalogContext, "caller" | "entities">,
  { namespace, page }: { namespace: string; page: Page },
): Promise<EntityPage> {
  const foreign = namespace !== caller.namespace.name;
  return listed(
    entities,
    {
      ...{ path: namespace, type: "package", deep: false, names: namesIn(namespace, scopeIn(caller)) },
      ...(foreign ? { shared: true } : {}),
    },
    page,
  );
}

/** What whoever may look inside sees. */
export interface ShownPackage {
  /** Of a binding: with the parameters of what it is bound to under its own. */
  bundle: Package;
  /** `ns/package` of what provides its actions. */
  path: string;
}

/** In whatever namespace. Fails with `bad-request` for what can be no package's name, else as `openPackage` does. */
export async function getPackage(
  { caller, entities }: Pick<CatalogContext, "caller" | "entities">,
  key: EntityKey,
): Promise<Result<ShownPackage>> {
  const fault = namespaceFault(key.path) ?? nameFault(key.name);
  if (fault !== null) return fault;
  const opened = await openPackage(entities, { caller: caller.namespace.name, key });
  // It says so only to whoever may know.
  if (!opened.ok) return opened.code === "not-found" ? fail("not-found", `${key.path}/${key.name}`) : opened;
  const { bundle, parameters, path } = opened.value;
  return ok({ bundle: { ...bundle, parameters }, path });
}

/** Fails where what it is bound to is missing, is itself bound or may not be read; where it is a package and is to be
 * bound; with `too-large` for its parameters and annotations; with `already-exists` without `overwrite`;
 * with `concurrent-modification`. */
export async function putPackage(
  context: CatalogContext,
  { key, put, overwrite }: { key: PackageKey; put: PackagePut; overwrite: boolean },
): Promise<Result<Package>> {
  const { caller, entities } = context;
  const fault = parametersFault(put, caller.limits);
  if (fault !== null) return fault;
  const provider = await providerOf(context, put.binding);
  if (!provider.ok) return provider;
  const stored = await entities.get(key);
  const old = existing(stored, overwrite);
  if (!old.ok) return old;
  if (put.binding !== undefined && old.value?.binding === null) return fail("not-a-binding");
  if (provider.value?.binding != null) return fail("provider-is-binding");
  const kept = put.binding === undefined ? old.value?.binding : null;
  const beyond = kept == null ? null : bindingFault(context.caller, kept);
  if (beyond !== null) return beyond;
  const stamp = stampOf(context);
  const bundle = old.value === null ? newPackage(put, { ...key, ...stamp }) : updatedPackage(old.value, put, stamp);
  const expected = stored?.revision ?? null;
  const result = await context.withWrite(key.path, () => entities.put(packageEntity(bundle), { expected }));
  return result.kind === "conflict" ? fail("concurrent-modification") : ok(bundle);
}

/** `force`: with all that is in it; else it fails with `not-empty` where something is. What was deleted. */
export async function deletePackage(
  context: CatalogContext,
  { key, force }: { key: OwnKey; force: boolean },
): Promise<Result<Package>> {
  const { entities } = context;
  const stored = await entities.get(key);
  if (stored === null) return fail("not-found");
  if (stored.type !== "package") return fail("wrong-collection");
  const bundle = readPackage(stored.document);
  if (bundle === null) return fail("corrupted");
  const options = { expected: stored.revision, force };
  const gone = await context.withWrite(key.path, () => entities.removePackage(key, options));
  switch (gone.kind) {
    case "written":
      return ok(bundle);
    case "fixed":
      return fail("built-in", `${key.path}/${key.name}`);
    case "conflict":
      return fail("concurrent-modification");
    case "not-empty":
      return fail("not-empty", `${gone.count} ${gone.count === 1 ? "entity" : "entities"}`);
  }
}

/** What a binding is to be bound to, if the caller may read it; null if none was named. */
async function providerOf(
  { caller, entities }: Pick<CatalogContext, "caller" | "entities">,
  reference: Reference | undefined,
): Promise<Result<Package | null>> {
  if (reference === undefined) return ok(null);
  const key = { path: reference.namespace, name: reference.name };
  const beyond = bindingFault(caller, reference);
  if (beyond !== null) return beyond;
  const opened = await openPackage(entities, { caller: caller.namespace.name, key });
  return opened.ok ? ok(opened.value.bundle) : inPlaceOf(opened);
}

/** Who writes a binding may use the whole package that it leads to. */
function bindingFault({ scope, namespace }: Identity, { namespace: home, name }: Reference): Failure | null {
  return scopeFault({ scope, own: namespace.name }, { path: `${home}/${name}` });
}

function inPlaceOf(failure: Failure): Failure {
  if (failure.code === "not-found") return fail("no-such-provider");
  return failure.code === "wrong-collection" ? fail("provider-is-no-package") : failure;
}

function existing(stored: StoredEntity | null, overwrite: boolean): Result<Package | null> {
  if (stored === null) return ok(null);
  if (stored.type !== "package") return fail("wrong-collection");
  // What is built in is replaced by what somebody makes.
  if (!overwrite) return stored.builtIn === true ? ok(null) : fail("already-exists");
  const old = readPackage(stored.document);
  return old === null ? fail("corrupted") : ok(old);
}

/** A package or binding as the store takes it. */
export function packageEntity(bundle: Package): NewEntity & { shared: boolean } {
  return {
    path: bundle.namespace,
    name: bundle.name,
    type: "package",
    revision: bundle.revision,
    updated: bundle.updated,
    document: packageDocument(bundle),
    summary: packageSummary(bundle),
    blobs: [],
    shared: isShared(bundle),
  };
}
