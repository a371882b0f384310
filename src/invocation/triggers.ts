// Triggers as a fire finds them: with their rules, remembered per isolate while the epoch of their namespace holds.

import { readTrigger, type Trigger } from "../entities/trigger.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { InvocationContext } from "./ports.ts";

interface Entry {
  trigger: Trigger;
  epoch: number;
  size: number;
}

/** Characters of documents behind the remembered entries; past it all are forgotten. */
const MAX_SIZE = 16 * 1024 * 1024;
const MAX_ENTRIES = 10_000;

export class Triggers {
  readonly #entries = new Map<string, Entry>();
  #size = 0;

  /** `epoch`: of the trigger's namespace, taken before this call. */
  async find(context: Pick<InvocationContext, "entities">, key: EntityKey, epoch: number): Promise<Result<Trigger>> {
    const path = `${key.path}/${key.name}`;
    const entry = this.#entries.get(path);
    if (entry?.epoch === epoch) return ok(entry.trigger);
    const stored = await context.entities.get(key);
    if (stored === null) return fail("not-found");
    if (stored.type !== "trigger") return fail("wrong-collection");
    const trigger = readTrigger(stored.document);
    if (trigger === null) return fail("corrupted");
    this.#remember(path, { trigger, epoch, size: stored.document.length });
    return ok(trigger);
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
