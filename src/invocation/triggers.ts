// Triggers as a fire finds them: with their rules, remembered per isolate while the epoch of their namespace holds.

import { readTrigger, type Trigger } from "../entities/trigger.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey, StoredEntity } from "../storage/entity-store.ts";
import { EpochCache } from "./epoch-cache.ts";
import type { InvocationContext } from "./ports.ts";

/** Finds triggers with their rules, and remembers them under their namespace's epoch. */
export class Triggers {
  /** Sizes are characters of documents. */
  readonly #found = new EpochCache<Trigger>({ maxEntries: 10_000, maxSize: 16 * 1024 * 1024 });

  /** `epoch`: of the trigger's namespace, taken before this call. */
  async find(context: Pick<InvocationContext, "entities">, key: EntityKey, epoch: number): Promise<Result<Trigger>> {
    const path = `${key.path}/${key.name}`;
    const known = await this.#found.find(path, () => epoch);
    if (known !== undefined) return ok(known);
    const stored = await context.entities.get(key);
    if (stored === null) return fail("not-found");
    if (stored.type !== "trigger") return fail("wrong-collection");
    return this.#learn(stored, epoch);
  }

  /** Reads at once what is not known of these, so that finding each does not ask for it alone. */
  async prepare(
    read: (path: string, names: readonly string[]) => Promise<StoredEntity[]>,
    { path, names, epoch }: { path: string; names: readonly string[]; epoch: number },
  ): Promise<void> {
    const unknown: string[] = [];
    for (const name of names) {
      if ((await this.#found.find(`${path}/${name}`, () => epoch)) === undefined) unknown.push(name);
    }
    if (unknown.length > 1) for (const stored of await read(path, unknown)) this.#learn(stored, epoch);
  }

  #learn({ path, name, document }: StoredEntity, epoch: number): Result<Trigger> {
    const trigger = readTrigger(document);
    if (trigger === null) return fail("corrupted");
    this.#found.set(`${path}/${name}`, trigger, { stamps: [[path, epoch]], size: document.length });
    return ok(trigger);
  }
}
