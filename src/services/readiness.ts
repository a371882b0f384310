// May anything be done here? The database must have its tables, and know the secrets we were given.

import { sentenceOf } from "../env.ts";
import { type Failure, fail } from "../errors.ts";
import { log } from "../log.ts";
import type { Stores } from "../storage/open.ts";

/** ms after which a database that did not know our secret is asked again. */
const CHECK_AGAIN_MS = 2_000;
/** The same for one that is about to be migrated. */
const MIGRATION_AGAIN_MS = 100;

export class Readiness {
  readonly #stores: Pick<Stores, "lackingMigration" | "secrets">;
  /** What the database said; undefined = not asked yet. */
  #told: { failure: Failure | null; until: number } | undefined;

  constructor(stores: Pick<Stores, "lackingMigration" | "secrets">) {
    this.#stores = stores;
  }

  /** Why nothing may be done, or null. Asked until it is null, and then never again. */
  refusal(): Failure | null | Promise<Failure | null> {
    const told = this.#told;
    if (told?.failure === null) return null;
    if (told !== undefined && Date.now() < told.until) return told.failure;
    return this.#check();
  }

  async #check(): Promise<Failure | null> {
    const lacking = await this.#stores.lackingMigration();
    if (lacking !== null)
      return this.#note(fail("not-migrated", `${lacking.migration} ${lacking.database}`), MIGRATION_AGAIN_MS);
    const fault = await this.#stores.secrets.check();
    if (fault === null) return this.#note(null, 0);
    const failure = fail("not-configured", sentenceOf([fault]));
    if (failure.text !== this.#told?.failure?.text) log.error("not-configured", { text: failure.text });
    return this.#note(failure, CHECK_AGAIN_MS);
  }

  #note(failure: Failure | null, ms: number): Failure | null {
    this.#told = { failure, until: Date.now() + ms };
    return failure;
  }
}
