// An entity store over memory, by the rules of the interface: revisions, writes that are made together,
// packages with contents.

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
} from "../../src/storage/entity-store.ts";

type Row = NewEntity;

export class MemoryEntities implements EntityStore {
  readonly rows = new Map<string, Row>();
  /** Blobs that no entity owns. */
  readonly unowned = new Set<string>();
  /** Runs before the next write, once: what others write in between. */
  meanwhile: (() => void) | null = null;

  async get(key: EntityKey): Promise<StoredEntity | null> {
    const row = this.rows.get(nameOf(key));
    if (row === undefined) return null;
    const { path, name, type, document, revision, updated, builtIn } = row;
    return { path, name, type, document, revision, updated, ...(builtIn === true ? { builtIn } : {}) };
  }

  async reserve(blob: string): Promise<void> {
    this.unowned.add(blob);
  }

  async put(
    entity: NewEntity,
    { expected, package: container }: { expected: string | null; package?: EntityKey },
  ): Promise<PutResult> {
    this.#interrupt();
    if (container !== undefined && this.rows.get(nameOf(container))?.type !== "package") return { kind: "conflict" };
    if (this.#revision(entity) !== expected) return { kind: "conflict" };
    this.#set(entity);
    return { kind: "written" };
  }

  async putTogether(put: NewEntity, options: { expected: string; with: readonly Change[] }): Promise<PutResult> {
    this.#interrupt();
    const changes: Change[] = [{ put, expected: options.expected }, ...options.with];
    for (const change of changes) {
      const key = "put" in change ? change.put : change.delete;
      if (this.#revision(key) !== change.expected) return { kind: "conflict" };
    }
    for (const change of changes) {
      if ("put" in change) this.#set(change.put);
      else this.#delete(change.delete);
    }
    return { kind: "written" };
  }

  async delete(key: EntityKey, { expected }: { expected: string }): Promise<DeleteResult> {
    this.#interrupt();
    if (this.rows.get(nameOf(key))?.builtIn === true) return { kind: "fixed" };
    if (this.#revision(key) !== expected) return { kind: "conflict" };
    this.#delete(key);
    return { kind: "written" };
  }

  async removePackage(
    key: EntityKey,
    { expected, force }: { expected: string; force: boolean },
  ): Promise<RemoveResult> {
    this.#interrupt();
    if (this.rows.get(nameOf(key))?.builtIn === true) return { kind: "fixed" };
    if (this.#revision(key) !== expected) return { kind: "conflict" };
    const inside = [...this.rows.values()].filter(({ path }) => path === nameOf(key));
    if (inside.length > 0 && !force) return { kind: "not-empty", count: inside.length };
    for (const row of [...inside, key]) this.#delete(row);
    return { kind: "written" };
  }

  async list(query: EntityQuery & { limit: number; skip: number }): Promise<ListedEntity[]> {
    const all = this.#matching(query).toSorted((one, other) => other.updated - one.updated);
    return all.slice(query.skip, query.skip + query.limit).map(({ path, name, type, revision, updated, summary }) => {
      return { path, name, type, revision, updated, summary: { inline: summary } };
    });
  }

  async count(query: EntityQuery): Promise<number> {
    return this.#matching(query).length;
  }

  async sweep(): Promise<number> {
    return 0;
  }

  #set(entity: NewEntity): void {
    this.#delete(entity);
    this.rows.set(nameOf(entity), entity);
    for (const blob of entity.blobs) this.unowned.delete(blob);
  }

  #delete(key: EntityKey): void {
    for (const blob of this.rows.get(nameOf(key))?.blobs ?? []) this.unowned.add(blob);
    this.rows.delete(nameOf(key));
  }

  #interrupt(): void {
    const run = this.meanwhile;
    this.meanwhile = null;
    run?.();
  }

  #revision(key: EntityKey): string | null {
    return this.rows.get(nameOf(key))?.revision ?? null;
  }

  #matching({ path, type, deep, shared = false }: EntityQuery): Row[] {
    return [...this.rows.values()].filter((row) => {
      if (row.type !== type || (shared && row.shared !== true)) return false;
      return row.path === path || (deep && row.path.startsWith(`${path}/`));
    });
  }
}

function nameOf({ path, name }: EntityKey): string {
  return `${path}/${name}`;
}
