// The built-in packages and actions among the stored entities of their namespace. What is stored under the same name
// comes first; writes go to the store alone.

import { packageEntity } from "../catalog/packages.ts";
import { documentOf, readAction, summaryOf } from "../entities/action-document.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import { MANIFEST, resolveKind, runnableKinds } from "../entities/runtimes.ts";
import { isWanted } from "../entities/scope.ts";
import type { BlobStore } from "../storage/blob-store.ts";
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
import { isBuiltinRevision, PACKAGES, systemActions } from "./catalog.ts";
import { shippedCode } from "./system-code.ts";

type Virtual = NewEntity & { shared: boolean };

/** What runs JavaScript. */
const FAMILY = "nodejs:default";
/** What that is where no host has said anything. */
const USUAL = resolveKind(FAMILY, MANIFEST)?.kind ?? FAMILY;

interface Parts {
  blobs: Pick<BlobStore, "put">;
  /** Kinds that some host can run, or null while none has ever reported. */
  kinds(): Promise<ReadonlySet<string> | null>;
}

export class SystemEntities implements EntityStore {
  readonly #inner: EntityStore;
  readonly #parts: Parts;

  constructor(inner: EntityStore, parts: Parts) {
    this.#inner = inner;
    this.#parts = parts;
  }

  async get(key: EntityKey): Promise<StoredEntity | null> {
    return (await this.#inner.get(key)) ?? (isSystem(key.path) ? this.#virtual(key) : null);
  }

  async #virtual(key: EntityKey): Promise<StoredEntity | null> {
    const known = entities(USUAL).find((each) => sameKey(each, key));
    if (known === undefined || !hasCode(known)) return known === undefined ? null : storedOf(known);
    const { kind, isGuess } = await this.#kind();
    const found = entities(kind).find((each) => sameKey(each, key)) ?? known;
    return { ...storedOf(found), ...(isGuess ? { unsettled: true } : {}) };
  }

  /** What runs JavaScript here, as for an action that is made now. */
  async #kind(): Promise<{ kind: string; isGuess: boolean }> {
    const reported = await this.#parts.kinds();
    const kind = resolveKind(FAMILY, runnableKinds(reported))?.kind ?? USUAL;
    return { kind, isGuess: reported?.has(kind) !== true };
  }

  reserve(blob: string): Promise<void> {
    return this.#inner.reserve(blob);
  }

  /** Where nothing is stored yet, replacing a built-in entity is a first write. */
  async put(entity: NewEntity, options: { expected: string | null; package?: EntityKey }): Promise<PutResult> {
    const { package: container, expected } = options;
    const first = expected !== null && isBuiltinRevision(expected);
    // A built-in package is always there.
    const isThere = container === undefined || (isSystem(container.path) && isBuiltInPackage(container));
    const kept = isThere ? {} : { package: container };
    return this.#inner.put(await this.#withOwnCode(entity), { expected: first ? null : expected, ...kept });
  }

  /** What is stored keeps its code when another version of the platform ships other code. */
  async #withOwnCode(entity: NewEntity): Promise<NewEntity> {
    const shipped = entity.blobs.map(shippedCode).find((text) => text !== undefined);
    const action = shipped === undefined ? null : readAction(entity.document);
    if (shipped === undefined || action === null || !("code" in action.exec) || action.exec.code === undefined) {
      return entity;
    }
    const key = `code/${crypto.randomUUID()}`;
    await this.#inner.reserve(key);
    await this.#parts.blobs.put(key, shipped);
    const code = { ...action.exec.code, key };
    return { ...entity, document: documentOf({ ...action, exec: { ...action.exec, code } }), blobs: [key] };
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
    const usual = entities(USUAL).filter((each) => matches(each, query));
    const kind = usual.some(hasCode) ? (await this.#kind()).kind : USUAL;
    const candidates = kind === USUAL ? usual : entities(kind).filter((each) => matches(each, query));
    const stored = await Promise.all(candidates.map((each) => this.#inner.get(each)));
    return candidates.filter((_, at) => stored[at] === null);
  }
}

const made = new Map<string, Virtual[]>();

/** Newest first is all one here: by path and name. */
function entities(kind: string): Virtual[] {
  const known = made.get(kind);
  if (known !== undefined) return known;
  const all = [
    ...PACKAGES.map(packageEntity),
    ...systemActions(kind).map((action) => ({
      path: action.namespace,
      name: action.name,
      type: "action" as const,
      revision: action.revision,
      updated: action.updated,
      document: documentOf(action),
      summary: summaryOf(action),
      blobs: "code" in action.exec && action.exec.code !== undefined ? [action.exec.code.key] : [],
      shared: false,
    })),
  ].sort((one, other) => (`${one.path}/${one.name}` < `${other.path}/${other.name}` ? -1 : 1));
  made.set(kind, all);
  return all;
}

function hasCode({ blobs }: Virtual): boolean {
  return blobs.length > 0;
}

function storedOf({ path, name, type, document, revision, updated }: Virtual): StoredEntity {
  return { path, name, type, document, revision, updated, builtIn: true };
}

function isBuiltInPackage(key: EntityKey): boolean {
  return PACKAGES.some(({ namespace: path, name }) => sameKey({ path, name }, key));
}

function sameKey(one: EntityKey, other: EntityKey): boolean {
  return one.path === other.path && one.name === other.name;
}

function concerns(query: EntityQuery): boolean {
  return isSystem(query.path);
}

function isSystem(path: string): boolean {
  return path === SYSTEM_NAMESPACE || path.startsWith(`${SYSTEM_NAMESPACE}/`);
}

function matches(each: Virtual, { path, type, deep, shared, names = null }: EntityQuery): boolean {
  const inside = each.path === path || (deep && each.path.startsWith(`${path}/`));
  if (!inside || each.type !== type || (shared === true && !each.shared)) return false;
  return names === null || isWanted(names, `${each.path}/${each.name}${type === "package" ? "/" : ""}`);
}

function listed({ path, name, type, revision, updated, summary }: Virtual): ListedEntity {
  return { path, name, type, revision, updated, summary: { inline: summary } };
}
