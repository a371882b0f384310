// The containers behind the pool's slots: makes them, removes them (until it has worked), and has strays swept up.

import { rmSync } from "node:fs";
import { totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import pRetry from "p-retry";
import { BLACKBOX } from "../../src/entities/runtimes.ts";
import { ActionContainer, type Started } from "../container/action-container.ts";
import type { Job } from "../container/contract.ts";
import type { Engine } from "../engine/engine.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { type CreationPatience, Creations } from "./creations.ts";
import type { PoolState, Slot } from "./pool-state.ts";

/** Folders and log of the containers of one pool. */
export interface ContainerManagerOptions {
  /** For spilled logs. */
  folder: string;
  /** For journals; this pool's alone. */
  journals: string;
  log: Logger;
  creationPatience?: CreationPatience;
}

/** ms a server has to start listening. */
const HELLO_TIMEOUT_MS = 10_000;
/** Twice this is the longest a stray lives. */
const SWEEP_EVERY_MS = 10_000;
/** Removals under way at once: more only wait for each other inside the engine, and none of a hundred ends in time. */
const MAX_REMOVALS = 4;
/** The same for pausing and resuming: of sixteen at once each took a second, of two thirty milliseconds. */
const MAX_FREEZES = 2;
const REMOVE_AGAIN_MS = 1_000;
const MAX_LOOKS = 25;
const LOOK_AGAIN_MS = 1_000;
/** Part of the machine's memory that is to stay free. */
const SHORT_SHARE = 0.08;
const MAX_REMOVE_AGAIN_MS = 30_000;
/** ms one container, and all of them, may take to go. An engine removes from five to fifteen a second. */
const STOP = { patience: 10_000, longest: 60_000 };
const FAST_STOP = { patience: 3_000, longest: 3_000 };

/** Owns each container from its creation until its removal has worked: no container is forgotten, whatever fails. */
export class ContainerManager {
  readonly #engine: Engine;
  readonly #options: ContainerManagerOptions;
  readonly #creations: Creations;
  readonly #containers = new Map<Slot, ActionContainer>();
  readonly #removals = new Set<Promise<void>>();
  readonly #removing = pLimit(MAX_REMOVALS);
  readonly #freezing = pLimit(MAX_FREEZES);
  #number = 0;
  #lookedAt = 0;
  #sweptAt = performance.now();
  #stopping = false;

  constructor(engine: Engine, options: ContainerManagerOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#creations = new Creations(options.creationPatience);
  }

  /** Only for slots whose container has been made. */
  of(slot: Slot): ActionContainer {
    const container = this.#containers.get(slot);
    if (container === undefined) throw new Error(`slot ${slot.id} (${slot.state}) has no container`);
    return container;
  }

  /** `job`: who it is made for, or null for a prewarmed one. Never rejects. */
  async make(slot: Slot, job: Job | null): Promise<Started> {
    const prefix = `${BLACKBOX}:`;
    const image = slot.runtime.startsWith(prefix) ? slot.runtime.slice(prefix.length) : undefined;
    const began = performance.now();
    const spec = {
      number: ++this.#number,
      kind: image === undefined ? slot.runtime : BLACKBOX,
      memory: slot.memory,
      ...(image === undefined ? {} : { image }),
      ...(job === null ? {} : { owner: ownerOf(job) }),
    };
    const helloTimeoutMs = job === null ? HELLO_TIMEOUT_MS : Math.min(HELLO_TIMEOUT_MS, job.limits.timeout);
    const { folder, journals } = this.#options;
    const start = ActionContainer.start(this.#engine, spec, { folder, journals, helloTimeoutMs });
    const started = await this.#creations.bounded(start);
    const ms = Math.round(performance.now() - began);
    this.#options.log.debug("container-made", { number: spec.number, ms, ok: started.ok, prewarm: job === null });
    if (started.ok) this.#containers.set(slot, started.container);
    return started;
  }

  /** Why none is made any more, or null. */
  hung(): string | null {
    return this.#creations.hung();
  }

  /** A prewarmed one is this job's from now on. */
  give(slot: Slot, job: Job): void {
    this.of(slot).adopted(ownerOf(job));
  }

  pause(slot: Slot): Promise<void> {
    return this.#freezing(() => this.of(slot).pause());
  }

  resume(slot: Slot): Promise<void> {
    return this.#freezing(() => this.of(slot).resume());
  }

  /** Looks again at what those hold that do not run: a few, since it asks the kernel for each. */
  measure(state: PoolState, now: number): void {
    if (now - this.#lookedAt >= LOOK_AGAIN_MS) {
      this.#lookedAt = now;
      state.squeezed = process.availableMemory() < SHORT_SHARE * totalmem();
    }
    let looks = MAX_LOOKS;
    for (const slot of state.slots) {
      if ((slot.state !== "idle" && slot.state !== "ready") || now - slot.residentAt < LOOK_AGAIN_MS) continue;
      const container = this.#containers.get(slot);
      if (container === undefined) continue;
      state.measured(slot, container.residentMb(), now);
      if (--looks === 0) return;
    }
  }

  /** Resolves when it is gone, however often that has to be tried. */
  remove(slot: Slot): Promise<void> {
    const removal = this.#remove(slot).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    return removal;
  }

  /** Now and then: containers that carry our label and are not ours. */
  sweepSometimes(now: number): void {
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    const known = new Set([...this.#containers.values()].map((each) => each.id));
    const { log } = this.#options;
    this.#engine.sweep(known).then(
      (removed) => removed > 0 && log.warn("strays-removed", { containers: removed }),
      (error) => log.debug("sweep-failed", { reason: reasonOf(error) }),
    );
  }

  /** Waits until `empty`, as long as containers go one after the other, and not for ever; then has the engine remove
   * what is left. */
  async stop(empty: () => boolean, { fast }: { fast: boolean }): Promise<void> {
    const { patience, longest } = fast ? FAST_STOP : STOP;
    this.#stopping = true;
    const until = performance.now() + longest;
    let left = this.#containers.size;
    let progress = performance.now();
    while (!empty() && performance.now() < Math.min(until, progress + patience)) {
      await Promise.race([...this.#removals, sleep(20)]);
      if (this.#containers.size === left) continue;
      left = this.#containers.size;
      progress = performance.now();
    }
    await this.#engine.sweep(new Set(), { last: true }).catch(() => 0);
    await this.#engine.close();
    rmSync(this.#options.journals, { recursive: true, force: true });
  }

  async #remove(slot: Slot): Promise<void> {
    const container = this.#containers.get(slot);
    if (container !== undefined) {
      await pRetry(() => this.#removing(() => container.remove()), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: REMOVE_AGAIN_MS,
        maxTimeout: MAX_REMOVE_AGAIN_MS,
        unref: true,
        onFailedAttempt: ({ error }) => this.#options.log.warn("remove-failed", { reason: reasonOf(error) }),
        shouldRetry: () => !this.#stopping,
      }).catch(() => undefined);
    }
    this.#containers.delete(slot);
  }
}

function ownerOf(job: Job) {
  const action = job.path.replaceAll("/", "_");
  const { namespaceId, revision } = job;
  return { namespaceId, namespace: job.context.namespace ?? "", action, revision };
}
