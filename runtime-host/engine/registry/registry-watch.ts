// Registries that could not be reached, and whether they can again: the engine is asked to look at the image that
// showed it, which fetches nothing but its manifest.

import { Ailment } from "../../machine/ailment.ts";
import { backoff } from "../../machine/backoff.ts";
import { type Logger, reasonOf } from "../../program/logger.ts";
import { faultOf, type ImageName } from "./registry-rules.ts";

export interface RegistryWatchOptions {
  /** Rejects with the engine's words if the registry does not show the image. */
  look(name: ImageName): Promise<void>;
  log: Logger;
  /** reasons() is empty now, or is not any more. */
  changed(): void;
  /** ms: most between two looks at a registry that does not answer. */
  everyMs?: number;
  random?: () => number;
}

interface Broken {
  name: ImageName;
  reason: string;
  readonly ailment: Ailment;
}

const FIRST_PAUSE_MS = 1_000;
const MAX_SILENT_MS = 5_000;
/** A registry that answers, but with a refusal (too many requests, its own failure), is spared. */
const MAX_REFUSED_MS = 600_000;

export class RegistryWatch {
  readonly #options: RegistryWatchOptions;
  readonly #broken = new Map<string, Broken>();
  #closed = false;

  constructor(options: RegistryWatchOptions) {
    this.#options = options;
  }

  /** `registry: reason` of each that cannot be reached. */
  reasons(): string[] {
    return [...this.#broken].map(([registry, { reason }]) => `${registry}: ${reason}`);
  }

  /** What became of a pull or a look: null if the registry has answered. */
  heard(name: ImageName, reason: string | null): void {
    const { registry } = name;
    const before = this.#broken.size;
    const known = this.#broken.get(registry);
    if (reason === null) {
      this.#broken.delete(registry);
      known?.ailment.close();
    } else if (!this.#closed) {
      const broken = known ?? { name, reason, ailment: this.#ailmentOf(registry) };
      broken.name = name;
      broken.reason = reason;
      this.#broken.set(registry, broken);
      broken.ailment.fails(reason);
    }
    if ((before === 0) === (this.#broken.size === 0)) return;
    if (this.#broken.size === 0) this.#options.log.info("pulls-work-again");
    else this.#options.log.error("pulls-broken", { registry, reason: reason ?? "" });
    this.#options.changed();
  }

  close(): void {
    this.#closed = true;
    for (const { ailment } of this.#broken.values()) ailment.close();
    this.#broken.clear();
  }

  #ailmentOf(registry: string): Ailment {
    const { log, random, everyMs = MAX_SILENT_MS } = this.#options;
    const max = () => pauseFor(this.#broken.get(registry)?.reason ?? "", everyMs);
    const pauses = backoff({ first: FIRST_PAUSE_MS, max, ...(random === undefined ? {} : { random }) });
    return new Ailment({
      again: () => void this.#look(registry),
      failed: (reason) => log.debug("registry-broken", { registry, reason }),
      over: () => undefined,
      pause: pauses,
    });
  }

  async #look(registry: string): Promise<void> {
    const broken = this.#broken.get(registry);
    if (broken === undefined) return;
    const { name } = broken;
    let reason: string | null = null;
    try {
      await this.#options.look(name);
    } catch (error) {
      reason = faultOf(reasonOf(error)) === "image" ? null : reasonOf(error);
    }
    // Somebody's pull has got through meanwhile, or we have ended.
    if (this.#broken.get(registry) === broken && !this.#closed) this.heard(name, reason);
  }
}

/** Most ms between two looks. */
function pauseFor(reason: string, silentMost: number): number {
  const silent = /dial |connect|no such host|lookup |timeout|deadline|EOF|reset|unreachable|no route|longer than/i;
  return silent.test(reason) ? silentMost : MAX_REFUSED_MS;
}
