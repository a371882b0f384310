// Whether containers still come: an engine can answer pings and list what there is, and yet end no creation. One that
// hangs is given up in the end, so that another is tried; what it makes after all is removed.

import { setTimeout as sleep } from "node:timers/promises";
import type { Started } from "../container/action-container.ts";

/** ms. `hung`: without the end of any creation while some are under way; more than sixteen at once take on a loaded
 * machine. `givenUp`: of a single one. */
export interface CreationPatience {
  readonly hung: number;
  readonly givenUp: number;
}

const PATIENCE: CreationPatience = { hung: 30_000, givenUp: 300_000 };
/** Why a host takes nothing new then. */
export const HUNG = "the container engine hangs when it makes a container";

/** The creations of one pool. */
export class Creations {
  readonly #patience: CreationPatience;
  #underWay = 0;
  /** ms of the monotonic clock: when the last one ended, or when the first one began after none was under way. */
  #since = 0;

  constructor(patience: CreationPatience = PATIENCE) {
    this.#patience = patience;
  }

  /** The reason if none has ended for long, or null. */
  hung(): string | null {
    const isHung = this.#underWay > 0 && performance.now() - this.#since >= this.#patience.hung;
    return isHung ? HUNG : null;
  }

  /** What `work` makes, or that it was given up. `work` does not reject. */
  async bounded(work: Promise<Started>): Promise<Started> {
    if (this.#underWay++ === 0) this.#since = performance.now();
    const over = new AbortController();
    const { givenUp } = this.#patience;
    const started = await Promise.race([
      work,
      sleep(givenUp, null, { ref: false, signal: over.signal }).catch(() => null),
    ]);
    over.abort();
    this.#underWay--;
    this.#since = performance.now();
    if (started !== null) return started;
    void work.then((late) => (late.ok ? late.container.remove() : undefined)).catch(() => undefined);
    return { ok: false, why: "engine", detail: `${HUNG}: it was given up after ${givenUp / 1000} s` };
  }
}
