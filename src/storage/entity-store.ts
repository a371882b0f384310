// Entities by name. All types of a namespace share one name space: a name is an action, a package, a trigger or a rule.
// Documents are opaque text here (their values keep their bytes); columns are what lists and conflicts need.

import type { NamesWanted } from "../entities/scope.ts";

/** The four types share one name space: a package and an action of one namespace cannot have the same name. */
export type EntityType = "action" | "package" | "trigger" | "rule";

/** `path` is `ns` or `ns/package`. */
export interface EntityKey {
  path: string;
  name: string;
}

/** An entity as it is read. `revision` is opaque and new with each write; `updated` is epoch ms. */
export interface StoredEntity extends EntityKey {
  type: EntityType;
  /** JSON text of the entity; of an action also "", where its blob is gone or damaged. */
  document: string;
  revision: string;
  updated: number;
  /** Part of the platform: nobody has stored it. */
  builtIn?: true;
  /** What runs it is a guess, because no host has said yet what it can run: not to be remembered. */
  unsettled?: true;
}

/** An entity as it is written. */
export interface NewEntity extends StoredEntity {
  /** JSON text of the entity's item in lists. */
  summary: string;
  /** Keys in the blob store that live as long as this revision does. */
  blobs: string[];
  /** Others see it in lists, too. */
  shared?: boolean;
}

/** An entity as it stands in a list. */
export interface ListedEntity extends EntityKey {
  type: EntityType;
  revision: string;
  updated: number;
  /** JSON text, or the key under which it lies in the blob store because it is long: a page of lists stays small. */
  summary: { inline: string } | { blob: string };
}

/** Which entities a list or a count is about. */
export interface EntityQuery {
  path: string;
  type: EntityType;
  /** Packaged ones too (`path` = ns or below it); else exactly `path`. */
  deep: boolean;
  /** Only what is shared with others. */
  shared?: boolean;
  /** Only these names; null or absent: all. */
  names?: NamesWanted | null;
}

/** "conflict": what was expected is not there any more, and nothing was written. */
export type PutResult = { kind: "written" } | { kind: "conflict" };
/** "fixed": it is part of the platform. */
export type DeleteResult = PutResult | { kind: "fixed" };
/** "not-empty": a package with so many entities in it, which was not removed. */
export type RemoveResult = DeleteResult | { kind: "not-empty"; count: number };

/** One of several writes that are made together. */
export type Change = { put: NewEntity; expected: string | null } | { delete: EntityKey; expected: string };

/** Where actions, packages, triggers and rules are kept. Each write is confirmed when it returns; a read sees every
 * write before it. */
export interface EntityStore {
  get(key: EntityKey): Promise<StoredEntity | null>;
  /** To be called before a blob is written that an entity will own: what no entity owns in the end is swept. */
  reserve(blob: string): Promise<void>;
  /** `expected`: the revision this write replaces, or null if the name must be free; `package`: the package a new
   * entity is put into must be there. Anything else is a conflict. */
  put(entity: NewEntity, options: { expected: string | null; package?: EntityKey }): Promise<PutResult>;
  /** `put` replaces what is stored, and all of `with` happens, too; or nothing does, because one of them did not find
   * what it expected. */
  putTogether(put: NewEntity, options: { expected: string; with: readonly Change[] }): Promise<PutResult>;
  /** Conflict if the revision is not the stored one. */
  delete(key: EntityKey, options: { expected: string }): Promise<DeleteResult>;
  /** A package, with all it contains if `force` is set, in one step; without it only an empty one. */
  removePackage(key: EntityKey, options: { expected: string; force: boolean }): Promise<RemoveResult>;
  /** Newest `updated` first. */
  list(query: EntityQuery & { limit: number; skip: number }): Promise<ListedEntity[]>;
  count(query: EntityQuery): Promise<number>;
  /** Deletes blobs that nobody has owned since `before` (epoch ms), a bounded number; returns how many. */
  sweep(before: number): Promise<number>;
}
