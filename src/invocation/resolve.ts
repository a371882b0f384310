// From a name to what a call needs, remembered per isolate under the namespace's epoch.

import { readAction } from "../entities/action-document.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { type Callable, callableOf } from "./callable.ts";
import type { Desk } from "./ports.ts";

interface Entry {
  callable: Callable;
  epoch: number;
  size: number;
}

/** Characters of documents behind the remembered entries; past it all are forgotten. */
const MAX_SIZE = 16 * 1024 * 1024;
const MAX_ENTRIES = 10_000;

export class Actions {
  readonly #entries = new Map<string, Entry>();
  #size = 0;

  /** The action behind a name. `epoch`: of the namespace the action lives in, taken before this call. */
  async find(desk: Desk, key: EntityKey, epoch: number): Promise<Result<Callable>> {
    const path = `${key.path}/${key.name}`;
    const entry = this.#entries.get(path);
    if (entry?.epoch === epoch) return ok(entry.callable);
    const stored = await desk.entities.get(key);
    if (stored === null) return fail("not-found");
    if (stored.type !== "action") return fail("wrong-collection");
    const action = readAction(stored.document);
    if (action === null) return fail("corrupted");
    const callable = await callableOf(action, { revision: stored.revision, masterSecret: desk.masterSecret });
    if (callable === null) return fail("corrupted");
    this.#remember(path, { callable, epoch, size: stored.document.length });
    return ok(callable);
  }

  #remember(path: string, entry: Entry): void {
    this.#size += entry.size - (this.#entries.get(path)?.size ?? 0);
    if (this.#size > MAX_SIZE || this.#entries.size >= MAX_ENTRIES) {
      this.#entries.clear();
      this.#size = entry.size;
    }
    this.#entries.set(path, entry);
  }
}
