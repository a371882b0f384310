// PUT of a package, from body to stored revision. The order of the checks is the one clients know from OpenWhisk.

import { openPackage } from "../../catalog/open-package.ts";
import { stampOf } from "../../catalog/stamp.ts";
import { parametersFault } from "../../entities/limit-values.ts";
import { MAX_ENTITY } from "../../entities/limits.ts";
import {
  isShared,
  type Package,
  packageDocument,
  packageSummary,
  type Reference,
  readPackage,
} from "../../entities/package.ts";
import { newPackage, parsePackagePut, updatedPackage } from "../../entities/package-put.ts";
import { type Failure, fail, ok, type Result } from "../../errors.ts";
import type { EntityKey, StoredEntity } from "../../storage/entity-store.ts";
import { putBodyOf } from "../body.ts";
import { catalogOf } from "../catalog.ts";
import type { AppContext } from "../context.ts";

export async function putPackage(
  c: AppContext,
  { key, overwrite }: { key: EntityKey; overwrite: boolean },
): Promise<Result<Package>> {
  const services = c.get("services");
  const { entities } = services.stores;
  const body = await putBodyOf(c, MAX_ENTITY);
  if (!body.ok) return body;
  const put = parsePackagePut(body.value, { own: key.path });
  if (!put.ok) return put;
  const fault = parametersFault(put.value, c.get("identity").limits);
  if (fault !== null) return fault;
  const provider = await providerOf(c, put.value.binding);
  if (!provider.ok) return provider;
  const stored = await entities.get(key);
  const old = existing(stored, overwrite);
  if (!old.ok) return old;
  if (put.value.binding !== undefined && old.value?.binding === null) return fail("not-a-binding");
  if (provider.value?.binding != null) return fail("provider-is-binding");
  const stamp = stampOf(catalogOf(c));
  const bundle =
    old.value === null ? newPackage(put.value, { ...key, ...stamp }) : updatedPackage(old.value, put.value, stamp);
  const entity = {
    ...key,
    updated: stamp.updated,
    revision: stamp.revision,
    type: "package" as const,
    document: packageDocument(bundle),
    summary: packageSummary(bundle),
    blobs: [],
    shared: isShared(bundle),
  };
  const result = await services.withWrite(key.path, () => entities.put(entity, { expected: stored?.revision ?? null }));
  return result.kind === "conflict" ? fail("concurrent-modification") : ok(bundle);
}

/** What a binding is to be bound to, if the caller may read it; null if none was named. */
async function providerOf(c: AppContext, reference: Reference | undefined): Promise<Result<Package | null>> {
  if (reference === undefined) return ok(null);
  const { entities } = c.get("services").stores;
  const key = { path: reference.namespace, name: reference.name };
  const opened = await openPackage(entities, { caller: c.get("identity").namespace.name, key });
  if (opened.ok) return ok(opened.value.bundle);
  return inPlaceOf(opened);
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
