// Memory of one host shard, counted by what runs. Containers that take several activations at once (concurrency N) are
// counted as ceil(running / N) for each pool of equal containers. Idle containers are the host's affair. Pure.

import { memoryOf } from "../../src/protocol/matching.ts";

/** What a run weighs here. */
export interface Weight {
  /** Containers are shared by what has the same pool: matching's shareText. */
  pool: string;
  /** MB of one container. */
  memory: number;
  /** Activations one container takes at a time. */
  concurrency: number;
}

interface Pool {
  running: number;
  memory: number;
  concurrency: number;
}

export class Capacity {
  #usedMb = 0;
  #running = 0;
  #totalMb = 0;
  readonly #pools = new Map<string, Pool>();

  get totalMb(): number {
    return this.#totalMb;
  }

  /** MB of containers that run something. */
  get usedMb(): number {
    return this.#usedMb;
  }

  get freeMb(): number {
    return this.#totalMb - this.#usedMb;
  }

  /** Activations that run. */
  get running(): number {
    return this.#running;
  }

  resize(totalMb: number): void {
    this.#totalMb = totalMb;
  }

  /** MB more that one more of these needs: 0 where a container has a place left. */
  cost(weight: Weight): number {
    const pool = this.#pools.get(weight.pool);
    return memoryOf((pool?.running ?? 0) + 1, weight) - (pool === undefined ? 0 : size(pool));
  }

  /** Counts one more, whether it fits or not: what runs, runs. */
  take(weight: Weight): void {
    let pool = this.#pools.get(weight.pool);
    if (pool === undefined) {
      pool = { running: 0, memory: weight.memory, concurrency: weight.concurrency };
      this.#pools.set(weight.pool, pool);
    }
    this.#usedMb -= size(pool);
    pool.running++;
    this.#running++;
    this.#usedMb += size(pool);
  }

  release(weight: Weight): void {
    const pool = this.#pools.get(weight.pool);
    if (pool === undefined) return;
    this.#usedMb -= size(pool);
    pool.running--;
    this.#running--;
    if (pool.running === 0) this.#pools.delete(weight.pool);
    else this.#usedMb += size(pool);
  }

  clear(): void {
    this.#pools.clear();
    this.#usedMb = 0;
    this.#running = 0;
  }
}

function size(pool: Pool): number {
  return memoryOf(pool.running, pool);
}
