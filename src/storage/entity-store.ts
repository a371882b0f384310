// Entities by name. All types of a namespace share one name space: a name is an action, a package, a trigger or a rule.
// Documents are opaque text here (their values keep their bytes); columns are what lists and conflicts need.

export type EntityType = "action" | "package" | "trigger" | "rule";

/** `path` is `ns` or `ns/package`. */
export interface EntityKey {
  path: string;
  name: string;
}

export interface StoredEntity extends EntityKey {
  type: EntityType;
  /** JSON text of the entity. */
  document: string;
  revision: string;
  updated: number;
}

export type PutResult = { kind: "written" } | { kind: "conflict" };

export interface EntityStore {
  get(key: EntityKey): Promise<StoredEntity | null>;
  /** `expected`: the revision this write replaces, or null if the name must be free. Anything else is a conflict. */
  put(entity: StoredEntity, options: { expected: string | null }): Promise<PutResult>;
  /** Conflict if the revision is not the stored one. */
  delete(key: EntityKey, options: { expected: string }): Promise<PutResult>;
  /** Newest `updated` first. `deep`: packaged ones too (`path` = ns or below it); else exactly `path`. */
  list(query: { path: string; type: EntityType; deep: boolean; limit: number; skip: number }): Promise<StoredEntity[]>;
  count(query: { path: string; type: EntityType; deep: boolean }): Promise<number>;
}
