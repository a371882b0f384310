// Carries out what policy.ts decides: owns the containers, keeps the state true, and gives each job to one of them.

import { ABNORMAL, internalError } from "../../src/entities/outcome.ts";
import { BLACKBOX } from "../../src/entities/runtimes.ts";
import type { RuntimeReport, SecurityReport } from "../../src/protocol/messages.ts";
import type { ActionContainer } from "../container/action-container.ts";
import type { Containers, Job, Prepared, RunListener } from "../container/contract.ts";
import type { PoolSizes } from "../container/pool-sizes.ts";
import { type RunHooks, type RunVerdict, runJob } from "../container/run-job.ts";
import type { Creation, Engine, Fetched } from "../engine/engine.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { callOf, loadCode, type PoolCall } from "./call.ts";
import { ContainerManager, type ContainerManagerOptions } from "./container-manager.ts";
import { Fetching } from "./fetching.ts";
import { idleContainers } from "./idle-containers.ts";
import { giveBack, notMade, notRun } from "./not-run.ts";
import { nextStep, type PoolStep, refusal, warm } from "./policy.ts";
import { PoolHealth } from "./pool-health.ts";
import { type PoolLimits, PoolState, type PrewarmTarget, type Slot } from "./pool-state.ts";
import { Preparer } from "./preparer.ts";

export interface PoolOptions extends ContainerManagerOptions {
  limits: PoolLimits;
  prewarms: readonly PrewarmTarget[];
  /** unhealthy() has changed. */
  changed?: () => void;
}

const TICK_MS = 100;
/** ms after which a call that could not be started is given back. */
const MAX_WAIT_MS = 120_000;
/** Containers that may answer 503 before the job is given up. */
const MAX_TRIES = 5;
const PREWARM_PAUSE_MS = 5_000;
const STOPPED = "The host was stopped during the run.";

export class ContainerPool implements Containers {
  readonly engine: string;
  readonly blackbox: boolean;
  readonly memory: number;
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #state: PoolState<PoolCall>;
  readonly #manager: ContainerManager;
  readonly #fetching = new Fetching<PoolCall>();
  readonly #preparer: Preparer;
  readonly #health: PoolHealth;
  readonly #timer: NodeJS.Timeout;
  #kinds: ReadonlySet<string>;
  /** Kinds and images that have said that their runs may overlap. */
  readonly #concurrent = new Set<string>();
  readonly sizes = (): PoolSizes => this.#state.sizes();
  #stopping = false;
  #prewarmAfter = 0;
  #deciding = false;

  constructor(engine: Engine, options: PoolOptions) {
    this.#engine = engine;
    this.#log = options.log;
    this.#manager = new ContainerManager(engine, options);
    this.engine = engine.name;
    this.blackbox = engine.blackbox;
    this.memory = options.limits.memoryMb;
    this.#state = new PoolState(options.limits, options.prewarms);
    const parts = { engine, state: this.#state, manager: this.#manager, log: options.log };
    this.#health = new PoolHealth({ ...parts, changed: () => options.changed?.() });
    this.#preparer = new Preparer({
      ...parts,
      unhealthy: () => this.unhealthy(),
      stopping: () => this.#stopping,
      changed: () => this.#decide(),
      remove: (slot) => this.#remove(slot),
      ended: (slot) => this.#ended(slot),
    });
    this.#kinds = new Set(engine.runtimes().map(({ kind }) => kind));
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
    this.#decide();
  }

  prepare(job: Job, { waitMs }: { waitMs: number }): Promise<Prepared> {
    return this.#preparer.prepare(job, { waitMs, isOurs: this.#takes(job) });
  }

  run(job: Job, listener: RunListener): void {
    if (this.#stopping) {
      listener.refused(job, "draining");
      return;
    }
    if (!this.#takes(job)) {
      listener.refused(job, "unsupported");
      return;
    }
    const call = callOf(job, listener);
    if (this.#state.waiting.length === 0) {
      const slot = warm(this.#state, call);
      if (slot !== null) {
        this.#start(slot, call);
        return;
      }
    }
    const refused = this.unhealthy() !== null || this.#fetching.full ? "busy" : refusal(this.#state, call);
    if (refused !== null) {
      listener.refused(job, refused);
      return;
    }
    if (job.kind === BLACKBOX && job.image !== undefined) {
      this.#fetching.hold(call, this.#engine.fetch(job.image), (fetched) => this.#fetched(call, fetched));
      return;
    }
    this.#state.waiting.push(call);
    this.#decide();
  }

  runtimes(): RuntimeReport[] {
    const runtimes = this.#engine.runtimes();
    this.#kinds = new Set(runtimes.map(({ kind }) => kind));
    return runtimes;
  }

  unhealthy(): string | null {
    return this.#health.unhealthy();
  }

  get security(): SecurityReport {
    return this.#engine.security;
  }

  impaired(): string | null {
    return this.#engine.impaired?.() ?? null;
  }

  stats(): ReturnType<Containers["stats"]> {
    return this.#state.figures();
  }

  idle(): ReturnType<typeof idleContainers> {
    return idleContainers(this.#state.slots, performance.now());
  }

  async stop(options: { fast: boolean }): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    this.#giveBackOlder(Number.POSITIVE_INFINITY, "draining");
    this.#preparer.look();
    for (const slot of [...this.#state.slots]) if (slot.state !== "creating") void this.#remove(slot);
    await this.#manager.stop(() => this.#state.size === 0, options);
  }

  #giveBackOlder(moment: number, reason: "busy" | "draining"): void {
    giveBack([...this.#state.takeOlder(moment), ...this.#fetching.takeOlder(moment)], reason);
  }

  #fetched(call: PoolCall, fetched: Fetched): void {
    if (fetched.ok) this.#state.waiting.push(call);
    else notMade(call, fetched);
    this.#decide();
  }

  #tick(): void {
    const now = performance.now();
    this.#manager.sweepSometimes(now);
    this.#manager.measure(this.#state, now);
    this.#giveBackOlder(now - MAX_WAIT_MS, "busy");
    this.#health.look();
    this.#decide();
  }

  /** Takes steps until the policy has none. Steps may bring about others; one loop at a time. */
  #decide(): void {
    if (this.#deciding || this.#stopping) return;
    this.#deciding = true;
    try {
      for (;;) {
        const now = performance.now();
        const step = nextStep(this.#state, now);
        if (step === null || !this.#take(step, now)) break;
      }
    } finally {
      this.#deciding = false;
    }
    this.#preparer.look();
  }

  #take(step: PoolStep<PoolCall>, now: number): boolean {
    switch (step.do) {
      case "run":
        this.#state.waiting.splice(this.#state.waiting.indexOf(step.waiter), 1);
        this.#start(step.slot, step.waiter);
        return true;
      case "create": {
        const { waiter } = step;
        if (waiter === undefined && (now < this.#prewarmAfter || this.unhealthy() !== null)) return false;
        if (waiter !== undefined) {
          this.#state.wanted(step.runtime, step.memory, now);
          loadCode(waiter);
        }
        void this.#create(step, now);
        return true;
      }
      case "remove":
        this.#log.debug("container-removed", { slot: step.slot.id, why: step.why });
        void this.#remove(step.slot);
        return true;
      case "pause":
        void this.#pause(step.slot);
        return true;
    }
  }

  async #create(step: Extract<PoolStep<PoolCall>, { do: "create" }>, now: number): Promise<void> {
    const { runtime, memory, key, waiter } = step;
    const state = this.#state;
    const expectedConcurrency = this.#expectedConcurrency(runtime, waiter);
    const slot = state.add({ runtime, memory, key, now, expectedConcurrency });
    const started = await this.#manager.make(slot, waiter?.job ?? null);
    if (!started.ok) {
      state.remove(slot);
      if (key === null) this.#prewarmFailed(runtime, started.detail);
      else this.#createFailed(key, started);
      this.#decide();
      return;
    }
    const { container } = started;
    state.made(performance.now() - now);
    if (container.concurrent) this.#concurrent.add(runtime);
    const useless = key === null && (!container.listening || container.ended);
    if (useless) this.#prewarmFailed(runtime, "it does not listen");
    if (useless || this.#stopping) {
      await this.#remove(slot);
      return;
    }
    container.onEnded = () => this.#ended(slot);
    slot.usedAt = performance.now();
    state.move(slot, "ready", slot.usedAt);
    this.#decide();
  }

  #prewarmFailed(runtime: string, reason: string): void {
    this.#prewarmAfter = performance.now() + PREWARM_PAUSE_MS;
    this.#log.warn("prewarm-failed", { kind: runtime, reason });
  }

  /** Ends the call of that key that waits longest: it is the one the container was made for. */
  #createFailed(key: string, failed: Extract<Creation, { ok: false }>): void {
    this.#log.warn("container-failed", { why: failed.why, reason: failed.detail });
    const call = this.#state.takeWaiting(key);
    if (call !== undefined) notMade(call, failed);
  }

  #start(slot: Slot, call: PoolCall): void {
    const state = this.#state;
    const now = performance.now();
    const container = this.#manager.of(slot);
    if (slot.key === null) {
      state.bind(slot, call.key);
      this.#manager.give(slot, call.job);
      state.wanted(slot.runtime, slot.memory, now);
    }
    if (!container.initialized) {
      loadCode(call);
      const { concurrency } = call.job.limits;
      if (concurrency > 1 && container.concurrent) {
        container.client.widen(concurrency);
        slot.expectedConcurrency = concurrency;
      } else slot.expectedConcurrency = 1;
    }
    slot.preparedFor = null;
    slot.running++;
    if (slot.state === "paused") {
      state.move(slot, "resuming", now);
      void this.#resume(slot, call, container);
      return;
    }
    if (slot.state !== "busy") state.move(slot, "busy", now);
    void this.#run(slot, call, container);
  }

  async #resume(slot: Slot, call: PoolCall, container: ActionContainer): Promise<void> {
    try {
      await this.#manager.resume(slot);
    } catch (error) {
      this.#log.warn("resume-failed", { reason: reasonOf(error) });
      slot.retiring = true;
      this.#done(slot, call, "elsewhere");
      return;
    }
    if (slot.state === "resuming") this.#state.move(slot, "busy", performance.now());
    await this.#run(slot, call, container);
  }

  async #run(slot: Slot, call: PoolCall, container: ActionContainer): Promise<void> {
    const { job, listener } = call;
    const hooks: RunHooks = {
      initialized: () => this.#opened(slot, call, container),
      answered: () => this.#answered(slot),
      alone: () => slot.running === 1,
      stopping: () => (this.#stopping ? STOPPED : null),
    };
    let verdict: RunVerdict;
    try {
      verdict = await runJob(container, job, { listener, hooks, code: call.code });
    } catch (error) {
      // A bug of ours must not take the host down, nor keep a caller waiting.
      this.#log.error("run-failed", { transactionId: job.context.transaction_id, reason: reasonOf(error) });
      notRun(call, internalError("There was an internal error in the runtime host."));
      verdict = "destroy";
    }
    this.#done(slot, call, verdict);
  }

  /** What waits for the same action may join from here on. */
  #opened(slot: Slot, call: PoolCall, container: ActionContainer): void {
    if (!container.concurrent || call.job.limits.concurrency === 1) return;
    slot.concurrency = call.job.limits.concurrency;
    // After this run's own call has gone out.
    if (this.#state.waiting.length > 0) queueMicrotask(() => this.#decide());
  }

  /** Runs a container made for this call will take at once. */
  #expectedConcurrency(runtime: string, waiter: PoolCall | undefined): number {
    return waiter !== undefined && this.#concurrent.has(runtime) ? waiter.job.limits.concurrency : 1;
  }

  #answered(slot: Slot): void {
    const now = performance.now();
    slot.usedAt = now;
    // From here on others may have overlapping runs in it: it has been initialised.
    if (slot.state !== "busy" || slot.running !== 1) return;
    if (slot.key !== null && this.#manager.of(slot).initialized) this.#state.ran(slot.key, now - slot.since);
    this.#state.move(slot, "drainingLogs", now);
  }

  #done(slot: Slot, call: PoolCall, verdict: RunVerdict): void {
    const state = this.#state;
    slot.running--;
    if (verdict !== "keep") slot.retiring = true;
    if (verdict === "elsewhere") this.#again(call);
    if (slot.state !== "removing" && slot.running === 0) {
      const container = this.#manager.of(slot);
      if (slot.retiring || container.ended) void this.#remove(slot);
      else {
        if (container.concurrent) slot.concurrency = call.job.limits.concurrency;
        state.move(slot, "idle", performance.now());
      }
    }
    if (state.waiting.length > 0) this.#decide();
  }

  /** The job has not run: it goes first in line for another container. */
  #again(call: PoolCall): void {
    if (this.#stopping) {
      call.listener.refused(call.job, "draining");
      return;
    }
    if (++call.tries >= MAX_TRIES) {
      notRun(call, ABNORMAL.provision());
      return;
    }
    this.#state.again(call);
  }

  #ended(slot: Slot): void {
    slot.retiring = true;
    if (slot.running === 0 && slot.state !== "removing") {
      void this.#remove(slot);
      this.#decide();
    }
  }

  async #pause(slot: Slot): Promise<void> {
    this.#state.move(slot, "pausing", performance.now());
    try {
      await this.#manager.pause(slot);
      if (slot.state === "pausing") this.#state.move(slot, "paused", performance.now());
    } catch (error) {
      this.#log.warn("pause-failed", { reason: reasonOf(error) });
      void this.#remove(slot);
    }
    if (this.#state.waiting.length > 0) this.#decide();
  }

  async #remove(slot: Slot): Promise<void> {
    if (slot.state === "removing") return;
    slot.retiring = true;
    this.#state.move(slot, "removing", performance.now());
    await this.#manager.remove(slot);
    this.#state.remove(slot);
    this.#decide();
  }

  /** Whether it could ever run here. */
  #takes({ kind, image }: Job): boolean {
    return kind === BLACKBOX ? this.blackbox && image !== undefined : this.#kinds.has(kind);
  }
}
