// Memory of one host shard, counted by what runs. Containers that take several activations at once (concurrency N) are
// counted as ceil(running / N) for each pool of equal containers. Idle containers are the host's affair. Pure.

export interface Need {
  /** Containers are shared by what has the same pool: invoking namespace, action and revision. */
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
  /** MB of containers that run something. */
  used = 0;
  /** Activations that run. */
  running = 0;
  #total = 0;
  readonly #pools = new Map<string, Pool>();

  get total(): number {
    return this.#total;
  }

  get free(): number {
    return this.#total - this.used;
  }

  resize(total: number): void {
    this.#total = total;
  }

  /** MB more that one more of these needs: 0 where a container has a place left. */
  cost(need: Need): number {
    const pool = this.#pools.get(need.pool);
    return containers((pool?.running ?? 0) + 1, need.concurrency) * need.memory - (pool === undefined ? 0 : size(pool));
  }

  fits(need: Need): boolean {
    return this.cost(need) <= this.#total - this.used;
  }

  /** Counts one more, whether it fits or not: what runs, runs. */
  take(need: Need): void {
    let pool = this.#pools.get(need.pool);
    if (pool === undefined) {
      pool = { running: 0, memory: need.memory, concurrency: need.concurrency };
      this.#pools.set(need.pool, pool);
    }
    this.used -= size(pool);
    pool.running++;
    this.running++;
    this.used += size(pool);
  }

  release(need: Need): void {
    const pool = this.#pools.get(need.pool);
    if (pool === undefined) return;
    this.used -= size(pool);
    pool.running--;
    this.running--;
    if (pool.running === 0) this.#pools.delete(need.pool);
    else this.used += size(pool);
  }

  clear(): void {
    this.#pools.clear();
    this.used = 0;
    this.running = 0;
  }
}

function size(pool: Pool): number {
  return containers(pool.running, pool.concurrency) * pool.memory;
}

function containers(running: number, concurrency: number): number {
  return Math.ceil(running / Math.max(1, concurrency));
}
