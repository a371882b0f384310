// How many images are pulled at once: so many from one registry, and so many in all.

import pLimit, { type LimitFunction } from "p-limit";

interface Registry {
  limit: LimitFunction;
  /** Pulls under way or in line. */
  pulls: number;
}

export class PullLimit {
  readonly #most: { each: number; all: number };
  readonly #all: LimitFunction;
  readonly #registries = new Map<string, Registry>();

  constructor(most: { each: number; all: number }) {
    this.#most = most;
    this.#all = pLimit(most.all);
  }

  /** Does the work when it is its turn. Who waits for a registry that has its number lets those of others pass. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const registry = this.#registries.get(name) ?? { limit: pLimit(this.#most.each), pulls: 0 };
    this.#registries.set(name, registry);
    registry.pulls++;
    try {
      return await registry.limit(() => this.#all(work));
    } finally {
      if (--registry.pulls === 0) this.#registries.delete(name);
    }
  }
}
