// Memory of one host shard, counted by what runs. Containers that take several activations at once (concurrency N) are
// counted as ceil(running / N) for each pool of equal containers. Idle containers are the host's affair. Pure.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { containerOf, memoryOf, shareText, sharingOf } from "../../src/protocol/matching.ts";

/** What a run takes of its host: which containers it shares, and what they weigh. */
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

  /** Containers that run something. */
  get containers(): number {
    return [...this.#pools.values()].reduce(
      (sum, { running, concurrency }) => sum + Math.ceil(running / concurrency),
      0,
    );
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

export function weightOf(invocation: Pick<Invocation, "about" | "revision">): Weight {
  return { pool: shareText(sharingOf(invocation)), ...containerOf(invocation.about) };
}

/** Of a run that its host names, with its MB. One that does not tell its revision shares no container with new ones. */
export function weightFound(found: { about: ActivationMeta; memory: number; revision?: string }): Weight {
  const { about, memory, revision = `found:${about.version}` } = found;
  return { ...weightOf({ about, revision }), memory };
}
