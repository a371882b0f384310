// What has fired once and must not again: keys with the id of their fire, each for a while. Asked in the transaction
// that keeps the fire, so that of two that come together one is the first.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Once } from "../../src/protocol/fire.ts";
import type { Sql } from "../shared/schema.ts";

/** Keys whose time is over, that go with each new one. */
const SWEPT = 4;
const SWEEP = `DELETE FROM seen WHERE (scope, key) IN
  (SELECT scope, key FROM seen WHERE until <= ? ORDER BY until LIMIT ${SWEPT}) RETURNING scope`;
const OLDEST = `DELETE FROM seen WHERE (scope, key) IN
  (SELECT scope, key FROM seen WHERE scope = ? ORDER BY until LIMIT ?) RETURNING scope`;

type Gone = { scope: string };

export class Seen {
  readonly #sql: Sql;
  /** Keys of each scope, as far as it has been asked for. */
  readonly #counts = new Map<string, number>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The id of the fire this key is known by, or null. */
  idOf(once: Once, now: number): ActivationId | null {
    const known = this.#find(once);
    return known !== undefined && known.until > now ? known.id : null;
  }

  /** The id of the fire this key is known by; null: it was not known and now is, by `id`. */
  note(once: Once, id: ActivationId, now: number): ActivationId | null {
    const { scope, key, forMs, max } = once;
    const known = this.#find(once);
    if (known !== undefined && known.until > now) return known.id === id ? null : known.id;
    if (known !== undefined) {
      this.#forget(
        this.#sql.exec<Gone>("DELETE FROM seen WHERE scope = ? AND key = ? RETURNING scope", scope, key).toArray(),
      );
    }
    this.#forget(this.#sql.exec<Gone>(SWEEP, now).toArray());
    const excess = this.#count(scope) - max + 1;
    if (excess > 0) this.#forget(this.#sql.exec<Gone>(OLDEST, scope, excess).toArray());
    this.#sql.exec("INSERT INTO seen (scope, key, id, until) VALUES (?, ?, ?, ?)", scope, key, id, now + forMs);
    this.#counts.set(scope, this.#count(scope) + 1);
    return null;
  }

  #find({ scope, key }: Once): { id: string; until: number } | undefined {
    return this.#sql
      .exec<{ id: string; until: number }>("SELECT id, until FROM seen WHERE scope = ? AND key = ?", scope, key)
      .toArray()[0];
  }

  #count(scope: string): number {
    const known = this.#counts.get(scope);
    if (known !== undefined) return known;
    const { n } = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM seen WHERE scope = ?", scope).one();
    this.#counts.set(scope, n);
    return n;
  }

  #forget(gone: readonly Gone[]): void {
    for (const { scope } of gone) {
      const count = this.#counts.get(scope);
      if (count !== undefined) this.#counts.set(scope, count - 1);
    }
  }
}
