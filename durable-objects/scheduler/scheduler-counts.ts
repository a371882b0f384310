// What a scheduler counts besides what it has under way: how runs ended, and how its host is.
// It owns the state it counted last.

import { MetricCounter } from "../../src/metrics/instruments.ts";
import type { MetricsSender } from "../../src/metrics/sender.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import type { Acknowledgement } from "./ports.ts";

export class SchedulerCounts {
  readonly #counting: () => MetricsSender;
  readonly #acks = new Map<Acknowledgement, MetricCounter>();
  #state: string | undefined;

  /** `counting`: asked for when something is counted. */
  constructor(counting: () => MetricsSender) {
    this.#counting = counting;
  }

  acked(how: Acknowledgement): void {
    const counting = this.#counting();
    let acks = this.#acks.get(how);
    if (acks === undefined) {
      acks = new MetricCounter(counting.meter, "counter_loadbalancer_completionAck_counter_total", [how]);
      this.#acks.set(how, acks);
    }
    acks.add();
    counting.touch();
  }

  /** What the roster is told; it may be told again. A new incarnation counts the state it finds. */
  reported({ connected, unhealthy }: Pick<RosterEntry, "connected" | "unhealthy">): void {
    const state = !connected ? "down" : unhealthy === undefined ? "up" : "unhealthy";
    if (state === this.#state) return;
    this.#state = state;
    this.#counting().meter.count("counter_loadbalancer_invokerState_counter_total", [state]);
    this.#counting().touch();
  }
}
