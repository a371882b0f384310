// The catalog's context over memory, for one caller of the namespace `ns`.

import type { ActionContext } from "../../src/catalog/context.ts";
import { type OwnKey, ownKey } from "../../src/catalog/own.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { DEFAULT_BOUNDS } from "../../src/entities/limits.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import { MemoryEntities } from "./memory-entities.ts";

export const CALLER: Identity = {
  subject: "someone",
  namespace: { name: "ns", uuid: "uuid-ns" },
  limits: {},
  key: "uuid-ns:secret",
  derived: false,
};

export class MemoryCatalog implements ActionContext {
  caller: Identity = CALLER;
  readonly entities: MemoryEntities;
  /** Namespaces that were written to. */
  readonly writes: string[] = [];
  /** ms that were waited. */
  readonly pauses: number[] = [];
  /** Epoch ms; goes on with each look. */
  time = 1_000;

  readonly bounds = DEFAULT_BOUNDS;
  throttle: ActionContext["throttle"] = null;
  hostsMayCome = false;
  /** What the hosts say of themselves. */
  hosts: RosterEntry[] = [];
  /** Code that lies in the blob store, by key. */
  readonly codes = new Map<string, Uint8Array>();
  readonly blobs: ActionContext["blobs"] = {
    get: async (key) => {
      const bytes = this.codes.get(key);
      return bytes === undefined
        ? null
        : { body: new Response(bytes.slice()).body as ReadableStream<Uint8Array>, size: bytes.length };
    },
  };

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

  schedulers(): RosterEntry[] {
    return this.hosts;
  }

  async runnableKinds(): Promise<ReadonlySet<string> | null> {
    if (this.hosts.length === 0) return null;
    return new Set(this.hosts.flatMap(({ runtimes }) => runtimes.map(({ kind }) => kind)));
  }

  /** A name in the caller's own namespace. */
  own(name: string): OwnKey {
    const key = ownKey(this.caller, { path: this.caller.namespace.name, name });
    if (!key.ok) throw new Error(key.text);
    return key.value;
  }
}
