// The epochs under which this isolate may use what it has read of a namespace, and the writes that raise them.

import type { EntityEpochRpc, EpochLease } from "../protocol/rpc.ts";
import { type Later, Refreshed } from "./refreshed.ts";

/** The object that keeps a namespace's epoch, by the namespace's name. */
type EpochKeeper = Pick<EntityEpochRpc, "lease" | "beginWrite" | "endWrite">;

/** Namespaces remembered; past it those whose lease is over are forgotten. */
const MAX_NAMESPACES = 10_000;

export class LeaseCache {
  readonly #keeperOf: (namespace: string) => EpochKeeper;
  readonly #holder: string;
  readonly #leases = new Map<string, Refreshed<EpochLease>>();

  /** `holder` names this isolate to the keepers: its writes need not wait for its own leases. */
  constructor(keeperOf: (namespace: string) => EpochKeeper, holder: string) {
    this.#keeperOf = keeperOf;
    this.#holder = holder;
  }

  /** No promise while a lease is at hand; it is renewed in the background while it is used. */
  lease(namespace: string, later: Later): EpochLease | Promise<EpochLease> {
    return this.#of(namespace).get(later);
  }

  /** Runs a write to the entities or identities of these namespaces, without waiting for one after the other: when it
   * returns, no isolate anywhere uses what it had read before. */
  async withWrites<T>(namespaces: readonly string[], write: () => Promise<T>): Promise<T> {
    const keepers = namespaces.map((name) => this.#keeperOf(name));
    const forget = () => {
      for (const name of namespaces) this.#of(name).forget();
    };
    forget();
    try {
      await Promise.all(keepers.map((keeper) => keeper.beginWrite(this.#holder)));
      return await write();
    } finally {
      forget();
      await Promise.all(keepers.map((keeper) => keeper.endWrite(this.#holder)));
    }
  }

  #of(namespace: string): Refreshed<EpochLease> {
    let lease = this.#leases.get(namespace);
    if (lease === undefined) {
      lease = new Refreshed(async () => {
        const value = await this.#keeperOf(namespace).lease(this.#holder);
        return { value, ttlMs: value.ttl };
      });
      if (this.#leases.size >= MAX_NAMESPACES) this.#dropOld();
      this.#leases.set(namespace, lease);
    }
    return lease;
  }

  /** Safe at any time: a lease that is asked for now is kept by who was dropped, and forgotten with it. */
  #dropOld(): void {
    for (const [name, lease] of this.#leases) if (!lease.isGood()) this.#leases.delete(name);
  }
}
