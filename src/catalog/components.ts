// May this sequence be made? Every component must be there for the caller to read, none may lead back to the sequence,
// and with the sequences among them written out there may be no more actions than one call runs.

import { readAction } from "../entities/action-document.ts";
import { SEQUENCE_LENGTH } from "../entities/limits.ts";
import { readPackage } from "../entities/package.ts";
import { scopeFault } from "../entities/permission.ts";
import { SEQUENCE } from "../entities/runtimes.ts";
import type { Scope } from "../entities/scope.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { ActionName } from "../protocol/composition.ts";
import type { EntityKey, EntityStore, StoredEntity } from "../storage/entity-store.ts";
import { openPackage } from "./open-package.ts";

type Entities = Pick<EntityStore, "get">;

/** Bindings that lead to bindings are followed so far. */
const MAX_CHAIN = 8;

/** `/ns/name` or `/ns/package/name`. */
export function componentOf(text: string): ActionName {
  const at = text.lastIndexOf("/");
  return { path: text.slice(1, at), name: text.slice(at + 1) };
}

/** The package in which an action lies; null: it lies in none. */
export function packageOf({ path }: ActionName): EntityKey | null {
  const slash = path.indexOf("/");
  return slash < 0 ? null : { path: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Each name once. */
export function distinct(names: readonly ActionName[]): ActionName[] {
  return [...new Map(names.map((each) => [`${each.path}/${each.name}`, each])).values()];
}

/** Why the sequence `key` may not have these components, or null. `caller`: whose rights count, with names of which
 * scope (absent: all). */
export async function componentsFault(
  entities: Entities,
  asked: { caller: string; scope?: Scope | undefined; key: EntityKey; components: readonly ActionName[] },
): Promise<Failure | null> {
  const { caller, scope, key, components } = asked;
  if (components.length === 0) return fail("bad-request", "No component specified for the sequence.");
  if (components.length > SEQUENCE_LENGTH) return tooLong();
  const rights = await Promise.all(distinct(components).map((each) => rightsFault(entities, { caller, scope }, each)));
  const refused = rights.find((each) => each !== null);
  if (refused !== undefined) return refused;
  const counted = await new Inlining(entities, key).count(components);
  return counted.ok ? null : counted;
}

async function rightsFault(
  entities: Entities,
  { caller, scope }: { caller: string; scope: Scope | undefined },
  component: ActionName,
): Promise<Failure | null> {
  const beyond = scopeFault({ scope, own: caller }, component);
  if (beyond !== null) return beyond;
  const bundle = packageOf(component);
  if (bundle === null) {
    return component.path === caller ? null : fail("not-authorized", `${component.path}/${component.name}`);
  }
  const opened = await openPackage(entities, { caller, key: bundle });
  return opened.ok ? null : opened;
}

/** Counts the actions of a sequence with all sequences in it written out. What is read is read once. */
class Inlining {
  readonly #entities: Entities;
  readonly #origin: string;
  readonly #found = new Map<string, Promise<StoredEntity | null>>();
  readonly #counts = new Map<string, number>();
  /** Sequences around the one that is being counted. */
  readonly #around = new Set<string>();

  constructor(entities: Entities, origin: EntityKey) {
    this.#entities = entities;
    this.#origin = `${origin.path}/${origin.name}`;
  }

  async count(components: readonly ActionName[]): Promise<Result<number>> {
    const found = await Promise.all(components.map((each) => this.#find(each)));
    let sum = 0;
    for (const stored of found) {
      const one = await this.#countOf(stored);
      if (!one.ok) return one;
      sum += one.value;
      if (sum > SEQUENCE_LENGTH) return tooLong();
    }
    return ok(sum);
  }

  async #countOf(stored: StoredEntity | "origin" | null): Promise<Result<number>> {
    if (stored === "origin") return cyclic();
    const action = stored?.type === "action" ? readAction(stored.document) : null;
    if (stored === null || action === null) return fail("bad-request", "Sequence component does not exist.");
    if (action.exec.kind !== SEQUENCE || !("components" in action.exec)) return ok(1);
    const path = `${stored.path}/${stored.name}`;
    if (this.#around.has(path)) return cyclic();
    const known = this.#counts.get(path);
    if (known !== undefined) return ok(known);
    // A sequence of one sequence of one … adds no action, so that these are counted by themselves.
    if (this.#counts.size + this.#around.size >= SEQUENCE_LENGTH) return tooLong();
    this.#around.add(path);
    const inner = await this.count(action.exec.components.map(componentOf));
    this.#around.delete(path);
    if (inner.ok) this.#counts.set(path, inner.value);
    return inner;
  }

  /** What the name means in the end, through bindings. */
  async #find(component: ActionName): Promise<StoredEntity | "origin" | null> {
    let bundle = packageOf(component);
    let path: string | null = component.path;
    for (let length = 0; bundle !== null; length++) {
      const stored = await this.#read(bundle);
      const read = stored?.type === "package" && length < MAX_CHAIN ? readPackage(stored.document) : null;
      if (read === null) return null;
      path = `${read.namespace}/${read.name}`;
      bundle = read.binding === null ? null : { path: read.binding.namespace, name: read.binding.name };
    }
    if (`${path}/${component.name}` === this.#origin) return "origin";
    return this.#read({ path, name: component.name });
  }

  #read(key: EntityKey): Promise<StoredEntity | null> {
    const path = `${key.path}/${key.name}`;
    let read = this.#found.get(path);
    if (read === undefined) {
      read = this.#entities.get(key);
      this.#found.set(path, read);
    }
    return read;
  }
}

function tooLong(): Failure {
  return fail("bad-request", "Too many actions in the sequence.");
}

function cyclic(): Failure {
  return fail("bad-request", "Sequence may not refer to itself.");
}
