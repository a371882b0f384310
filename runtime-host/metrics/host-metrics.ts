// What a host counts: runs, starts, the engine's times, what containers use. It watches pool and engine from outside,
// and reads what containers use when somebody asks.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Answer, Containers, Job, RunListener } from "../container/contract.ts";
import type { ContainerOwner, ContainerSpec, Creation, Engine, EngineContainer, OutputSink } from "../engine/engine.ts";
import { cgroupCpuSeconds } from "../machine/cgroups.ts";
import { type EngineCommand, InvokerMetrics } from "./invoker-metrics.ts";

/** Actions whose containers are told apart. */
const MAX_ACTIONS = 200;
const MB = 1024 ** 2;
const OWNER = ["namespace", "action"] as const;
const NOBODY = { namespace: "", action: "" };
const COMMANDS = ["pause", "resume", "remove"] as const;

interface Live {
  container: EngineContainer;
  owner: { namespace: string; action: string };
  /** As last read. */
  cpu: number;
}

export class HostMetrics {
  readonly registry = new Registry();
  readonly #invoker = new InvokerMetrics(this.registry);
  readonly #live = new Set<Live>();
  readonly #actions = new Set<string>();
  readonly #listeners = new WeakMap<RunListener, RunListener>();
  readonly #starts: Counter<"containerState">;
  readonly #runs: Histogram;
  readonly #inits: Histogram;
  readonly #logs: Histogram;
  /** When runs were answered whose logs are not collected yet, in ms of performance.now(). */
  readonly #answeredAt = new WeakMap<Job, number>();
  readonly #refused: Counter<"reason">;
  readonly #engine: Histogram<"command" | "result">;
  readonly #cpu: Counter<(typeof OWNER)[number]>;
  #isDocker = false;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300];
    this.#starts = new Counter({
      name: "counter_invoker_containerStart_counter_total",
      help: "Runs by the container they started in.",
      labelNames: ["containerState"],
      registers,
    });
    for (const containerState of ["cold", "prewarmed", "warmed"]) this.#starts.inc({ containerState }, 0);
    this.#runs = new Histogram({
      name: "histogram_invoker_activationRun_finish_seconds",
      help: "Time actions ran, initialisation left out.",
      buckets: seconds,
      registers,
    });
    this.#inits = new Histogram({
      name: "histogram_invoker_activationInit_finish_seconds",
      help: "Time it took to initialise actions.",
      buckets: seconds,
      registers,
    });
    this.#logs = new Histogram({
      name: "histogram_invoker_collectLogs_finish_seconds",
      help: "Time from a run's answer until its logs were whole.",
      buckets: seconds,
      registers,
    });
    this.#refused = new Counter({
      name: "edgewhisk_host_refused_total",
      help: "Runs that were not started here.",
      labelNames: ["reason"],
      registers,
    });
    this.#engine = new Histogram({
      name: "edgewhisk_engine_seconds",
      help: "Time of the container engine's commands.",
      labelNames: ["command", "result"],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    });
    this.#cpu = new Counter({
      name: "edgewhisk_container_cpu_seconds_total",
      help: "Processor time of an action's containers.",
      labelNames: OWNER,
      registers,
    });
  }

  /** An engine whose commands are timed and whose containers are known here. */
  ofEngine(engine: Engine): Engine {
    this.#isDocker = engine.name === "docker";
    return delegate(engine, {
      create: async (spec: ContainerSpec, sink: OutputSink): Promise<Creation> => {
        const made = await this.#timed(
          "create",
          () => engine.create(spec, sink),
          (created) => created.ok,
        );
        return made.ok ? { ok: true, container: this.#known(made.container, spec.owner) } : made;
      },
    });
  }

  /** A pool whose runs are counted. */
  ofPool(pool: Containers): Containers {
    this.#states(pool);
    this.#invoker.ofPool(pool);
    return delegate(pool, { run: (job: Job, listener: RunListener) => pool.run(job, this.#counting(listener)) });
  }

  #counting(listener: RunListener): RunListener {
    const known = this.#listeners.get(listener);
    if (known !== undefined) return known;
    const counting: RunListener = {
      ...(listener.opened === undefined ? {} : { opened: (job, live) => listener.opened?.(job, live) }),
      answered: (job, answer) => {
        this.#answered(answer);
        this.#answeredAt.set(job, performance.now());
        listener.answered(job, answer);
      },
      collected: (job, logs) => {
        const since = this.#answeredAt.get(job);
        if (since !== undefined) this.#logs.observe((performance.now() - since) / 1_000);
        listener.collected(job, logs);
      },
      refused: (job, reason) => {
        this.#refused.inc({ reason });
        listener.refused(job, reason);
      },
    };
    this.#listeners.set(listener, counting);
    return counting;
  }

  #answered({ ran, initTime, duration, prewarmed }: Answer): void {
    if (!ran) return;
    const containerState = initTime === undefined ? "warmed" : prewarmed === true ? "prewarmed" : "cold";
    this.#starts.inc({ containerState });
    this.#invoker.ran({ initialised: initTime !== undefined });
    this.#runs.observe(Math.max(0, duration - (initTime ?? 0)) / 1_000);
    if (initTime !== undefined) this.#inits.observe(initTime / 1_000);
  }

  #known(container: EngineContainer, owner: ContainerOwner | undefined): EngineContainer {
    const live: Live = { container, owner: this.#ownerOf(owner), cpu: 0 };
    this.#live.add(live);
    const commands = Object.fromEntries(
      COMMANDS.map((command) => [
        command,
        async () => {
          if (command === "remove") this.#read(live);
          await this.#timed(
            command,
            () => container[command](),
            () => true,
          );
          if (command === "remove") this.#live.delete(live);
        },
      ]),
    );
    return delegate(container, {
      ...commands,
      adopted: (found: ContainerOwner) => {
        live.owner = this.#ownerOf(found);
        container.adopted?.(found);
      },
    });
  }

  #ownerOf(owner: ContainerOwner | undefined): Live["owner"] {
    if (owner === undefined) return NOBODY;
    const { namespace, action } = owner;
    const key = JSON.stringify([namespace, action]);
    if (this.#actions.has(key)) return { namespace, action };
    if (this.#actions.size >= MAX_ACTIONS) return { namespace: "other", action: "other" };
    this.#actions.add(key);
    return { namespace, action };
  }

  async #timed<T>(command: EngineCommand, work: () => Promise<T>, isGood: (value: T) => boolean): Promise<T> {
    const end = this.#engine.startTimer({ command });
    const over = (isGood: boolean) => {
      const seconds = end({ result: isGood ? "ok" : "failed" });
      if (this.#isDocker) this.#invoker.docker(command, { seconds, isGood });
    };
    try {
      const value = await work();
      over(isGood(value));
      return value;
    } catch (error) {
      over(false);
      throw error;
    }
  }

  /** Processor time since it was read last. */
  #read(live: Live): void {
    const cpu = cgroupCpuSeconds(live.container.id);
    if (cpu === null || cpu <= live.cpu) return;
    this.#cpu.inc(live.owner, cpu - live.cpu);
    live.cpu = cpu;
  }

  /** Gauges that are read when they are asked for. */
  #states(pool: Containers): void {
    const registers = [this.registry];
    const live = this.#live;
    const read = (each: Live) => this.#read(each);
    new Gauge({
      name: "edgewhisk_pool_containers",
      help: "Containers of the pool by what they do.",
      labelNames: ["state"],
      registers,
      collect() {
        const { running, warm, prewarmed, paused } = pool.stats();
        for (const [state, count] of Object.entries({ running, warm, prewarmed, paused })) this.set({ state }, count);
      },
    });
    new Gauge({
      name: "edgewhisk_pool_memory_bytes",
      help: "Memory of runs and idle containers, as the pool counts it, and what it may have.",
      labelNames: ["of"],
      registers,
      collect() {
        this.set({ of: "used" }, pool.stats().memoryUsed * MB);
        this.set({ of: "all" }, pool.memory * MB);
      },
    });
    new Gauge({
      name: "edgewhisk_host_unhealthy",
      help: "1 while nothing can be started here.",
      registers,
      collect() {
        this.set(pool.unhealthy() === null ? 0 : 1);
      },
    });
    new Gauge({
      name: "edgewhisk_container_memory_bytes",
      help: "Memory that an action's containers hold.",
      labelNames: OWNER,
      registers,
      collect() {
        this.reset();
        for (const each of live) {
          read(each);
          const held = each.container.residentMb();
          if (held !== null) this.inc(each.owner, held * MB);
        }
      },
    });
  }
}

/** The same object, but for these methods. What is private of it stays so. */
function delegate<T extends object>(target: T, own: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(of, name) {
      if (Object.hasOwn(own, name)) return own[name as keyof T];
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });
}
