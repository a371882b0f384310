// A host's work under the names of upstream's invoker and container pool, as its Prometheus reporter spells them.

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Containers } from "../container/contract.ts";
import type { PoolSizes, PoolTallied } from "../container/pool-sizes.ts";

const MB = 1024 ** 2;
/** What upstream's client calls the engine's commands. */
const DOCKER = { create: "run", pause: "pause", resume: "unpause", remove: "rm" } as const;
const HELD = [
  ["runBuffer", "waiting", "Calls that wait for a container"],
  ["active", "active", "Containers that run something"],
  ["prewarm", "prewarmed", "Containers that are kept ready without an action"],
  ["idles", "idle", "Containers of an action that run nothing"],
] as const;

export type EngineCommand = keyof typeof DOCKER;

export class InvokerMetrics {
  readonly #registers: Registry[];
  readonly #begun: Record<"activationRun" | "activationInit" | "collectLogs", Counter>;
  readonly #docker: { start: Counter<"cmd">; finish: Histogram<"cmd">; error: Counter<"cmd"> };

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registers = registers;
    const counter = (name: string, help: string) => new Counter({ name, help, registers });
    counter("counter_invoker_startup_counter_total", "Starts of this process.").inc();
    this.#begun = {
      activationRun: counter("counter_invoker_activationRun_start_total", "Runs that were sent to a container."),
      activationInit: counter("counter_invoker_activationInit_start_total", "Containers that were given an action."),
      collectLogs: counter("counter_invoker_collectLogs_start_total", "Runs whose logs were to be collected."),
    };
    const labelNames = ["cmd"] as const;
    const of = "Commands of the Docker engine";
    this.#docker = {
      start: new Counter({ name: "counter_invoker_docker_start_total", help: `${of}.`, labelNames, registers }),
      finish: new Histogram({
        name: "histogram_invoker_docker_finish_seconds",
        help: `${of}: their time.`,
        labelNames,
        buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
        registers,
      }),
      error: new Counter({
        name: "counter_invoker_docker_error_total",
        help: `${of} that failed.`,
        labelNames,
        registers,
      }),
    };
  }

  ran({ initialised }: { initialised: boolean }): void {
    this.#begun.activationRun.inc();
    this.#begun.collectLogs.inc();
    if (initialised) this.#begun.activationInit.inc();
  }

  /** A command of the Docker engine took so long. */
  docker(command: EngineCommand, { seconds, isGood }: { seconds: number; isGood: boolean }): void {
    const cmd = DOCKER[command];
    this.#docker.start.inc({ cmd });
    if (isGood) this.#docker.finish.observe({ cmd }, seconds);
    else this.#docker.error.inc({ cmd });
  }

  /** What of this pool is read when it is asked for. */
  ofPool(pool: Pick<Containers, "sizes">): void {
    if (pool.sizes === undefined) return;
    const registers = this.#registers;
    const sizes = (): PoolSizes | undefined => pool.sizes?.();
    for (const [name, of, help] of HELD) {
      const gauge = (suffix: string, text: string, value: (held: PoolSizes[typeof of]) => number) =>
        new Gauge({
          name: `gauge_containerPool_${name}${suffix}`,
          help: text,
          registers,
          collect() {
            const held = sizes()?.[of];
            if (held !== undefined) this.set(value(held));
          },
        });
      gauge("Count_counter", `${help}.`, ({ count }) => count);
      gauge("Size_counter_bytes", `${help}: memory by their limits.`, ({ mb }) => mb * MB);
    }
    new Counter({
      name: "counter_containerPool_rescheduledActivation_counter_total",
      help: "Calls that went to another container, since theirs did not take them.",
      registers,
      collect() {
        this.reset();
        this.inc(sizes()?.tally.rescheduled ?? 0);
      },
    });
    const tallied = (name: string, help: string, of: "prewarmColdstart" | "prewarmExpired") =>
      new Counter({
        name: `counter_containerPool_${name}_counter_total`,
        help,
        labelNames: ["memory", "kind"],
        registers,
        collect() {
          this.reset();
          for (const { runtime, memory, count } of sizes()?.tally[of].values() ?? NOTHING)
            this.inc({ memory: `${memory} MB`, kind: runtime }, count);
        },
      });
    tallied("prewarmColdstart", "Containers made for a call, where some of the kind are kept.", "prewarmColdstart");
    tallied("prewarmExpired", "Prewarmed containers that went without having run.", "prewarmExpired");
  }
}

const NOTHING: readonly PoolTallied[] = [];
