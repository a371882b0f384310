// The catalog's context over memory, for one caller of the namespace `ns`.

import type { CatalogContext } from "../../src/catalog/context.ts";
import { type OwnKey, ownKey } from "../../src/catalog/own.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { MemoryEntities } from "./memory-entities.ts";

export const CALLER: Identity = {
  subject: "someone",
  namespace: { name: "ns", uuid: "uuid-ns" },
  limits: {},
  key: "uuid-ns:secret",
  derived: false,
};

export class MemoryCatalog implements CatalogContext {
  caller: Identity = CALLER;
  readonly entities: MemoryEntities;
  /** Namespaces that were written to. */
  readonly writes: string[] = [];
  /** ms that were waited. */
  readonly pauses: number[] = [];
  /** Epoch ms; goes on with each look. */
  time = 1_000;

  constructor(entities = new MemoryEntities()) {
    this.entities = entities;
  }

  readonly now = (): number => this.time++;

  async pause(ms: number): Promise<void> {
    this.pauses.push(ms);
  }

  withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T> {
    this.writes.push(namespace);
    return write();
  }

  /** A name in the caller's own namespace. */
  own(name: string): OwnKey {
    const key = ownKey(this.caller, { path: this.caller.namespace.name, name });
    if (!key.ok) throw new Error(key.text);
    return key.value;
  }
}
