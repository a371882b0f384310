// Why a pool takes nothing new: its engine is ill, or makes no containers any more although it answers. Then those who
// wait for one are given back, since other hosts may serve them; what has a container goes on.

import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../program/logger.ts";
import type { PoolCall } from "./call.ts";
import type { ContainerManager } from "./container-manager.ts";
import { giveBack } from "./not-run.ts";
import type { PoolState } from "./pool-state.ts";

/** What a pool's health depends on, and who is told. */
export interface PoolHealthParts {
  engine: Pick<Engine, "unhealthy">;
  manager: Pick<ContainerManager, "hung">;
  state: PoolState<PoolCall>;
  log: Logger;
  /** unhealthy() has changed. */
  changed(): void;
}

/** Of one pool. */
export class PoolHealth {
  readonly #parts: PoolHealthParts;
  #hung: string | null = null;

  constructor(parts: PoolHealthParts) {
    this.#parts = parts;
  }

  unhealthy(): string | null {
    return this.#parts.engine.unhealthy() ?? this.#hung;
  }

  /** Now and then: whether creations hang, or end again. */
  look(): void {
    const { manager, state, log, changed } = this.#parts;
    const hung = manager.hung();
    if (hung === this.#hung) return;
    this.#hung = hung;
    if (hung === null) log.info("creations-go-on");
    else {
      const unserved = state.takeUnserved();
      log.error("creations-hang", { reason: hung, givenBack: unserved.length });
      giveBack(unserved, "busy");
    }
    changed();
  }
}
