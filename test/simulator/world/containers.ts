// What a host runs, reduced to what the platform can see of it: it starts, takes its time, answers or dies, and its
// logs are whole some time later. Every start goes into the history.

import type { Answer, Containers, Job, RunListener } from "../../../runtime-host/container/contract.ts";
import { failure, success } from "../../../src/entities/outcome.ts";
import type { RuntimeReport } from "../../../src/protocol/messages.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";
import type { History, Start } from "./history.ts";
import { type ActionPlan, HANG } from "./scenario.ts";

/** Longest cold start (ms). */
const COLD = 400;

/** A refusal that would come after so long (ms) comes so many times as late: its caller has a row by then. */
const LATE = 17;
const VERY = 150;

/** Longest run of a conductor (ms). */
const ASKING = 20;

/** What every call is given. In compositions it is handed on from step to step. */
interface Args {
  call: number;
  ms: number;
  /** Steps that have handed it on. */
  hop?: number;
  /** A conductor's: what it will name. */
  todo?: string[];
}

export interface SimContainersOptions {
  kernel: Kernel;
  random: Random;
  history: History;
  owner: Owner;
  host: string;
  boot: string;
  /** MB, all shards together. */
  memory: number;
  kinds: readonly string[];
  labels: readonly string[];
  slowness: number;
  /** What is called by this path. */
  actionOf: (path: string) => ActionPlan | undefined;
}

interface Running {
  job: Job;
  start: Start;
}

export class SimContainers implements Containers {
  readonly engine = "process";
  readonly blackbox = false;
  readonly memory: number;
  /** The next start takes very long. */
  hangNext = false;
  /** When it last refused a run for want of room. */
  refusedAt = Number.NEGATIVE_INFINITY;
  /** When a run last began or ended. */
  changedAt = 0;
  readonly #options: SimContainersOptions;
  readonly #running = new Set<Running>();
  readonly #warm = new Map<string, number>();

  constructor(options: SimContainersOptions) {
    this.#options = options;
    this.memory = options.memory;
  }

  get kinds(): readonly string[] {
    return this.#options.kinds;
  }

  run(job: Job, listener: RunListener): void {
    const { kernel, random, history, owner, host, boot, kinds, labels, slowness } = this.#options;
    const action = this.#options.actionOf(job.path);
    const lacks = action?.labels.filter((label) => !labels.includes(label)) ?? [];
    if (!kinds.includes(job.kind))
      history.violate(`${boot} was given ${job.id} of kind ${job.kind}, which it cannot run`);
    if (lacks.length > 0) history.violate(`${boot} was given ${job.id}, which asks for ${lacks.join()}`);
    if (random.chance(0.01)) {
      this.refusedAt = kernel.elapsed;
      const soon = random.ms(0, 20);
      // Some have waited here for a container that never came.
      kernel.after(soon > LATE ? soon * VERY : soon, owner, () => {
        this.refusedAt = kernel.elapsed;
        this.changedAt = kernel.elapsed;
        listener.refused(job, "busy");
      });
      return;
    }
    const args = JSON.parse(job.args) as Args;
    const { call } = args;
    const ms = Math.min(args.ms ?? 0, args.todo === undefined ? Number.POSITIVE_INFINITY : ASKING);
    const { id, attempt } = job;
    const start: Start = {
      id,
      attempt,
      namespace: job.namespaceId,
      host,
      boot,
      call,
      at: kernel.elapsed,
      endedAt: null,
      result: null,
    };
    const running = { job, start };
    this.#running.add(running);
    this.changedAt = kernel.elapsed;
    this.#checkMemory();
    const pool = `${job.namespaceId} ${job.path} ${job.revision}`;
    const idle = this.#warm.get(pool) ?? 0;
    const cold = this.hangNext ? HANG : idle === 0 ? slowness * random.ms(5, COLD) : 0;
    this.hangNext = false;
    if (idle > 0) this.#warm.set(pool, idle - 1);
    const dies = action?.fragile === true && random.chance(0.15);
    const timedOut = !dies && ms > job.limits.timeout;
    const duration = cold + (dies ? random.ms(0, ms) : Math.min(ms, job.limits.timeout));
    history.started(start);
    kernel.after(duration, owner, () => {
      start.endedAt = kernel.elapsed;
      this.#running.delete(running);
      this.changedAt = kernel.elapsed;
      if (!dies) this.#warm.set(pool, (this.#warm.get(pool) ?? 0) + 1);
      const result = resultOf(args, `"boot":"${boot}","attempt":${attempt}`);
      const outcome = timedOut
        ? failure(2, { text: "exceeded its time limit" })
        : dies
          ? failure(2, { text: "exited unexpectedly" })
          : success(result);
      start.result = outcome.result;
      const answer: Answer = {
        outcome,
        duration,
        ...(cold === 0 ? {} : { initTime: cold }),
        timedOut,
        ran: true,
        endedAt: kernel.elapsed,
      };
      listener.answered(job, answer);
      const whole = (): void => listener.collected(job, { lines: "[]" });
      if (random.chance(0.7)) whole();
      else kernel.after(random.ms(0, 2_000), owner, whole);
    });
  }

  runtimes(): RuntimeReport[] {
    return this.#options.kinds.map((kind) => ({ kind, image: "sim", digest: "sim" }));
  }

  unhealthy(): string | null {
    return null;
  }

  stats(): ReturnType<Containers["stats"]> {
    return { running: this.#running.size, warm: 0, prewarmed: 0, paused: 0, memoryUsed: this.#used() };
  }

  async stop(): Promise<void> {}

  /** Pools of actions that take several activations at a time count their containers, others their runs. */
  #used(): number {
    const pools = new Map<string, { runs: number; memory: number; concurrency: number }>();
    for (const { job } of this.#running) {
      const key = `${job.namespaceId} ${job.path}`;
      const pool = pools.get(key) ?? { runs: 0, memory: job.limits.memory, concurrency: job.limits.concurrency };
      pool.runs++;
      pools.set(key, pool);
    }
    let used = 0;
    for (const pool of pools.values()) used += Math.ceil(pool.runs / pool.concurrency) * pool.memory;
    return used;
  }

  #checkMemory(): void {
    const used = this.#used();
    if (used > this.memory) this.#options.history.violate(`${this.#options.host} runs ${used} MB of ${this.memory} MB`);
  }
}

function resultOf({ call, ms, hop, todo }: Args, origin: string): string {
  if (todo === undefined && hop === undefined) return `{"call":${call},${origin}}`;
  const on = `"call":${call},"ms":${ms},"hop":${(hop ?? 0) + 1}`;
  if (todo === undefined) return `{${on},${origin}}`;
  const [next, ...rest] = todo;
  if (next === undefined) return `{"params":{${on}}}`;
  // After an error its saved state is all that a conductor has.
  const state = JSON.stringify({ call, ms, todo: rest });
  return `{"action":"${next}","params":{${on}},"state":${state}}`;
}
