// Makes containers ahead of calls, as preparing.ts lets it: each is made and given its action before anybody may run in
// it. A call that comes meanwhile waits for it, as for any container that is being made.

import type { Job, Prepared } from "../container/contract.ts";
import { openContainer } from "../container/run-job.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../program/logger.ts";
import { type PoolCall, shareOf } from "./call.ts";
import type { ContainerManager } from "./container-manager.ts";
import type { PoolState, Slot } from "./pool-state.ts";
import { type AheadCall, roomFor } from "./preparing.ts";

/** What it needs of its pool. */
export interface PreparerParts {
  engine: Pick<Engine, "fetch">;
  /** Why nothing can be made, or null. */
  unhealthy(): string | null;
  state: PoolState<PoolCall>;
  manager: ContainerManager;
  log: Logger;
  /** The pool is being stopped. */
  stopping(): boolean;
  /** A container has come, or gone: whoever waits is looked after. */
  changed(): void;
  /** Takes a slot out of the pool, with its container. */
  remove(slot: Slot): Promise<void>;
  /** A container that ends by itself. */
  ended(slot: Slot): void;
}

interface Waiting {
  wish: AheadCall;
  job: Job;
  until: number;
  resolve(prepared: Prepared): void;
}

/** Calls that are about to come and wait for room. */
const MAX_WAITING = 64;
const THERE: Prepared = { there: true };

/** Makes containers that are to be there before they are called for; one per pool. */
export class Preparer {
  readonly #parts: PreparerParts;
  #waiting: Waiting[] = [];

  constructor(parts: PreparerParts) {
    this.#parts = parts;
  }

  /** `isOurs`: the host has what runs it. Never rejects. */
  async prepare(job: Job, { isOurs, waitMs }: { isOurs: boolean; waitMs: number }): Promise<Prepared> {
    const { engine, unhealthy } = this.#parts;
    const absent = (reason: string): Prepared => ({ there: false, have: 0, reason });
    if (!isOurs) return absent("the host has no such runtime");
    if (job.image !== undefined && !(await engine.fetch(job.image)).ok) return absent("its image cannot be had");
    if (unhealthy() !== null) return absent("the host is unhealthy");
    const wish = { ...shareOf(job), namespaceId: job.namespaceId };
    return new Promise((resolve) => {
      if (this.#waiting.length >= MAX_WAITING) {
        resolve({ there: false, have: 0, reason: "too many containers are to be made ahead" });
        return;
      }
      this.#waiting.push({ wish, job, until: performance.now() + waitMs, resolve });
      this.look();
    });
  }

  /** Something has changed, or time has passed. */
  look(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !this.#serve(each));
  }

  /** Whether it need not wait any more. */
  #serve({ wish, job, until, resolve }: Waiting): boolean {
    const { state, stopping } = this.#parts;
    const now = performance.now();
    const room = stopping()
      ? ({ kind: "none", have: 0, reason: "the host is being stopped" } as const)
      : roomFor(state, wish);
    switch (room.kind) {
      case "there":
        // It is not to grow too old before the call comes.
        if (room.slot.running === 0) room.slot.usedAt = now;
        resolve(THERE);
        return true;
      case "later":
        if (now < until) return false;
        resolve({ there: false, have: room.have, reason: room.reason });
        return true;
      case "none":
        resolve({ there: false, have: room.have, reason: room.reason });
        return true;
      case "take":
        void this.#take(room.slot, { wish, job }).then(resolve);
        return true;
      case "make":
        void this.#make({ wish, job }).then(resolve);
        return true;
    }
  }

  async #take(slot: Slot, { wish, job }: Pick<Waiting, "wish" | "job">): Promise<Prepared> {
    const { state, manager } = this.#parts;
    if (slot.key === null) {
      state.bind(slot, wish.key);
      manager.give(slot, job);
    }
    slot.preparedFor = wish.namespaceId;
    // Not ready for anybody before it has its action.
    state.move(slot, "creating", performance.now());
    return this.#open(slot, job);
  }

  async #make({ wish, job }: Pick<Waiting, "wish" | "job">): Promise<Prepared> {
    const { state, manager, log, changed, ended } = this.#parts;
    const { key, runtime, memory, namespaceId } = wish;
    const slot = state.add({ runtime, memory, key, now: performance.now() });
    slot.preparedFor = namespaceId;
    const started = await manager.make(slot, job);
    if (!started.ok) {
      log.warn("prepare-failed", {
        action: job.path,
        transactionId: job.context.transaction_id,
        why: started.why,
        reason: started.detail,
      });
      state.remove(slot);
      changed();
      return { there: false, have: 0, reason: "its container could not be made" };
    }
    started.container.onEnded = () => ended(slot);
    return this.#open(slot, job);
  }

  async #open(slot: Slot, job: Job): Promise<Prepared> {
    const { state, manager, log, stopping, changed, remove } = this.#parts;
    const container = manager.of(slot);
    const { concurrency } = job.limits;
    const code = job.code?.load() ?? null;
    // Awaited where it is needed; until then a failure is nobody's.
    code?.catch(() => undefined);
    const many = concurrency > 1 && container.concurrent;
    if (many) container.client.widen(concurrency);
    const opened = await openContainer(container, job, code).catch(() => false);
    if (!opened || stopping() || slot.retiring) {
      log.warn("prepare-failed", {
        action: job.path,
        transactionId: job.context.transaction_id,
        why: "init",
        reason: "it could not be given its action",
      });
      await remove(slot);
      return { there: false, have: 0, reason: "its action could not be loaded" };
    }
    slot.expectedConcurrency = many ? concurrency : 1;
    if (many) slot.concurrency = concurrency;
    slot.usedAt = performance.now();
    state.move(slot, "idle", slot.usedAt);
    changed();
    return THERE;
  }
}
