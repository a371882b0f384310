// A store of packages and actions in memory, for what looks into packages.

import type { Action, Parameter } from "../../src/entities/action.ts";
import { documentOf } from "../../src/entities/action-document.ts";
import { type Package, packageDocument } from "../../src/entities/package.ts";
import type { Rights } from "../../src/entities/rights.ts";
import type { EntityKey, StoredEntity } from "../../src/storage/entity-store.ts";

export class EntityRows {
  readonly reads: string[] = [];
  readonly #rows = new Map<string, StoredEntity>();
  #revision = 0;

  async get({ path, name }: EntityKey): Promise<StoredEntity | null> {
    this.reads.push(`${path}/${name}`);
    return this.#rows.get(`${path}/${name}`) ?? null;
  }

  /** `full`: ns/name. `to`: ns/name of the provider of a binding. */
  bundle(
    full: string,
    options: { publish?: boolean; to?: string; parameters?: Parameter[]; writtenWith?: Rights } = {},
  ): void {
    const [namespace = "", name = ""] = full.split("/");
    const [provider = "", of = ""] = (options.to ?? "").split("/");
    const bundle: Package = {
      ...this.#head(namespace, name),
      ...(options.writtenWith === undefined ? {} : { writtenWith: options.writtenWith }),
      publish: options.publish ?? false,
      parameters: options.parameters ?? [],
      binding: options.to === undefined ? null : { namespace: provider, name: of },
    };
    this.#put("package", bundle, packageDocument(bundle));
  }

  /** `full`: ns/name or ns/package/name. */
  action(full: string, changes: Partial<Action> = {}): void {
    const at = full.lastIndexOf("/");
    const action: Action = {
      ...this.#head(full.slice(0, at), full.slice(at + 1)),
      parameters: [],
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
      exec: { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
      ...changes,
    };
    this.#put("action", action, documentOf(action));
  }

  broken(full: string, type: StoredEntity["type"]): void {
    const at = full.lastIndexOf("/");
    const head = { namespace: full.slice(0, at), name: full.slice(at + 1), updated: 1, revision: "broken" };
    this.#put(type, head, "{}");
  }

  drop(full: string): void {
    this.#rows.delete(full);
  }

  #head(namespace: string, name: string) {
    const revision = `r${++this.#revision}`;
    return { namespace, name, version: "0.0.1", publish: false, annotations: [], updated: 1, revision };
  }

  #put(
    type: StoredEntity["type"],
    { namespace: path, name, updated, revision }: Pick<Action, "namespace" | "name" | "updated" | "revision">,
    document: string,
  ): void {
    this.#rows.set(`${path}/${name}`, { path, name, type, document, revision, updated });
  }
}
