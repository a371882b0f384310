// Which package a path means, and whether the caller may look inside: a package of its own, a published one, or a
// binding of the caller's to either. Others are not told whether a package exists.

import type { Parameter } from "../entities/action.ts";
import { type Package, readPackage } from "../entities/package.ts";
import { mergeParameters } from "../entities/parameters.ts";
import { scopeFault } from "../entities/permission.ts";
import { common, type Rights } from "../entities/rights.ts";
import { inBoth, type Scope } from "../entities/scope.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey, EntityStore, StoredEntity } from "../storage/entity-store.ts";

/** A binding's provider may have become a binding since; past this many the chain is taken for a circle. */
const MAX_CHAIN = 8;

/** A package, or a binding with all it leads to. */
export interface OpenPackage {
  /** What was addressed. */
  bundle: Package;
  stored: StoredEntity;
  /** `ns/package` of what provides the actions: the package itself, or what it is bound to. */
  path: string;
  /** The provider's under the binding's. */
  parameters: Parameter[];
  /** `ns/name` of the binding, if it is one. */
  binding?: string;
  /** What the writers of all that was read have in common. */
  writtenWith: Rights;
  /** The names that the writers in the caller's own namespace could use; absent: all.
   * A stranger's scope is of his names. */
  writerScope?: Scope;
  /** Names all revisions that were read. */
  revision: string;
}

interface Question {
  /** Namespace of the caller. */
  caller: string;
  key: EntityKey;
  /** Called with each namespace before anything of it is read. */
  before?: (namespace: string) => Promise<void>;
}

type Entities = Pick<EntityStore, "get">;

/** Fails in the caller's own namespace with `not-found`, `wrong-collection` or `corrupted`; elsewhere with
 * `not-authorized` for all of these and for what is not shared; with `circular-binding`; with `out-of-scope` for a
 * binding to what its writer could not use. */
export async function openPackage(entities: Entities, question: Question): Promise<Result<OpenPackage>> {
  const { caller, key } = question;
  const denied = fail("not-authorized", `${key.path}/${key.name}`);
  let found = await read(entities, question, key);
  if (!found.ok) return key.path === caller ? found : denied;
  const { bundle, stored } = found.value;
  const chain = [bundle];
  let provider = bundle;
  let mine = key.path === caller;
  while (provider.binding !== null) {
    // Nobody works through another's binding.
    if (!mine) return denied;
    const { namespace: path, name } = provider.binding;
    const circle = chain.some((each) => each.namespace === path && each.name === name);
    if (circle || chain.length >= MAX_CHAIN) return fail("circular-binding", `${path}/${name}`);
    const beyond = scopeFault({ scope: provider.writerScope, own: caller }, { path: `${path}/${name}` });
    if (beyond !== null) return beyond;
    mine = path === caller;
    found = await read(entities, question, { path, name });
    if (!found.ok) return mine ? found : denied;
    provider = found.value.bundle;
    chain.push(provider);
  }
  if (!mine && !provider.publish) return denied;
  const scope = chain
    .map((each) => (each.namespace === caller ? each.writerScope : undefined))
    .reduce(inBoth, undefined);
  const layers = chain.toReversed().map((each) => each.parameters);
  return ok({
    bundle,
    stored,
    path: `${provider.namespace}/${provider.name}`,
    parameters: layers.reduce((weaker, stronger) => mergeParameters(weaker, stronger), []),
    writtenWith: common(...chain.map((each) => each.writtenWith)),
    ...(scope === undefined ? {} : { writerScope: scope }),
    revision: chain.map((each) => each.revision).join("+"),
    ...(chain.length > 1 ? { binding: `${bundle.namespace}/${bundle.name}` } : {}),
  });
}

async function read(
  entities: Entities,
  { before }: Question,
  key: EntityKey,
): Promise<Result<{ bundle: Package; stored: StoredEntity }>> {
  await before?.(key.path);
  const stored = await entities.get(key);
  if (stored === null) return fail("not-found");
  if (stored.type !== "package") return fail("wrong-collection");
  const bundle = readPackage(stored.document);
  return bundle === null ? fail("corrupted") : ok({ bundle, stored });
}
