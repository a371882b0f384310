// The built-in packages and actions among the stored entities of their namespace. What is stored under the same name comes
// first; writes go to the store alone.

import { packageEntity } from "../catalog/packages.ts";
import { documentOf, summaryOf } from "../entities/action-document.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type {
  Change,
  DeleteResult,
  EntityKey,
  EntityQuery,
  EntityStore,
  ListedEntity,
  NewEntity,
  PutResult,
  RemoveResult,
  StoredEntity,
} from "../storage/entity-store.ts";
import { ACTIONS, isBuiltinRevision, PACKAGES } from "./catalog.ts";

type Virtual = NewEntity & { shared: boolean };

export class SystemEntities implements EntityStore {
  readonly #inner: EntityStore;

  constructor(inner: EntityStore) {
    this.#inner = inner;
  }

  async get(key: EntityKey): Promise<StoredEntity | null> {
    return (await this.#inner.get(key)) ?? virtual(key);
  }

  reserve(blob: string): Promise<void> {
    return this.#inner.reserve(blob);
  }

  /** Where nothing is stored yet, replacing a built-in entity is a first write. */
  put(entity: NewEntity, options: { expected: string | null; package?: EntityKey }): Promise<PutResult> {
    const { package: container, expected } = options;
    const first = expected !== null && isBuiltinRevision(expected);
    // A built-in package is always there.
    const kept = container === undefined || virtual(container) !== null ? {} : { package: container };
    return this.#inner.put(entity, { expected: first ? null : expected, ...kept });
  }

  /** What is built in belongs to no such pair. */
  putTogether(put: NewEntity, options: { expected: string; with: readonly Change[] }): Promise<PutResult> {
    return this.#inner.putTogether(put, options);
  }

  async delete(key: EntityKey, options: { expected: string }): Promise<DeleteResult> {
    return isBuiltinRevision(options.expected) ? { kind: "fixed" } : this.#inner.delete(key, options);
  }

  async removePackage(key: EntityKey, options: { expected: string; force: boolean }): Promise<RemoveResult> {
    return isBuiltinRevision(options.expected) ? { kind: "fixed" } : this.#inner.removePackage(key, options);
  }

  /** Built-in ones are older than all others: they follow when the stored ones are at an end. */
  async list(query: EntityQuery & { limit: number; skip: number }): Promise<ListedEntity[]> {
    const stored = await this.#inner.list(query);
    if (stored.length === query.limit || !concerns(query)) return stored;
    const before = stored.length > 0 ? query.skip + stored.length : await this.#inner.count(query);
    const from = Math.max(0, query.skip - before);
    const more = (await this.#unreplaced(query)).slice(from, from + query.limit - stored.length);
    return [...stored, ...more.map(listed)];
  }

  async count(query: EntityQuery): Promise<number> {
    const stored = await this.#inner.count(query);
    return concerns(query) ? stored + (await this.#unreplaced(query)).length : stored;
  }

  sweep(before: number): Promise<number> {
    return this.#inner.sweep(before);
  }

  async #unreplaced(query: EntityQuery): Promise<Virtual[]> {
    const candidates = entities().filter((each) => matches(each, query));
    const stored = await Promise.all(candidates.map((each) => this.#inner.get(each)));
    return candidates.filter((_, at) => stored[at] === null);
  }
}

let made: Virtual[] | undefined;

/** Newest first is all one here: by path and name. */
function entities(): Virtual[] {
  made ??= [
    ...PACKAGES.map(packageEntity),
    ...ACTIONS.map((action) => ({
      path: action.namespace,
      name: action.name,
      type: "action" as const,
      revision: action.revision,
      updated: action.updated,
      document: documentOf(action),
      summary: summaryOf(action),
      blobs: [],
      shared: false,
    })),
  ].sort((one, other) => (`${one.path}/${one.name}` < `${other.path}/${other.name}` ? -1 : 1));
  return made;
}

function virtual(key: EntityKey): StoredEntity | null {
  if (!isSystem(key.path)) return null;
  const found = entities().find((each) => each.path === key.path && each.name === key.name);
  if (found === undefined) return null;
  const { path, name, type, document, revision, updated } = found;
  return { path, name, type, document, revision, updated, builtIn: true };
}

function concerns(query: EntityQuery): boolean {
  return isSystem(query.path);
}

function isSystem(path: string): boolean {
  return path === SYSTEM_NAMESPACE || path.startsWith(`${SYSTEM_NAMESPACE}/`);
}

function matches(each: Virtual, { path, type, deep, shared }: EntityQuery): boolean {
  const inside = each.path === path || (deep && each.path.startsWith(`${path}/`));
  return inside && each.type === type && (shared !== true || each.shared);
}

function listed({ path, name, type, revision, updated, summary }: Virtual): ListedEntity {
  return { path, name, type, revision, updated, summary: { inline: summary } };
}
