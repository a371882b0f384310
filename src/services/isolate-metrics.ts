// What this isolate counts: requests, calls and what becomes of them, work of the databases, and what was deleted.
// Nothing is sent with a request: its batch follows within a round, kept alive by the request that counted first.

import { ALL_COUNTED, type Metering } from "../entities/metering.ts";
import type { CallCounts } from "../invocation/ports.ts";
import { log } from "../log.ts";
import { Meter } from "../metrics/meter.ts";
import { MetricsSender, type Plan } from "../metrics/sender.ts";
import type { DatabaseWork } from "../metrics/system-families.ts";
import type { Gone, MetricsRpc } from "../protocol/metrics.ts";
import type { Later } from "./refreshed.ts";

const NONE: readonly string[] = [];
const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]);

export class IsolateMetrics {
  readonly #sender: MetricsSender;

  constructor(holder: string, metrics: () => Pick<MetricsRpc, "push">, metering: Metering = ALL_COUNTED) {
    this.#sender = new MetricsSender(`isolate ${holder}`, {
      meter: new Meter(metering),
      ports: {
        push: (batch) => metrics().push(batch),
        now: () => Date.now(),
        plan: () => undefined,
        warn: (text) => log.warn("metrics", { text }),
      },
    });
    this.#sender.meter.count("counter_controller_startup_counter_total", NONE);
  }

  calls(later: Later): CallCounts {
    return new CountedCalls(this.#sender, later);
  }

  /** Work of the databases and the bucket. `ms`: null = it failed. */
  worked(work: DatabaseWork, ms: number | null): void {
    const { meter } = this.#sender;
    meter.count(`counter_database_${work}_start_total`, NONE);
    if (ms === null) meter.count(`counter_database_${work}_error_total`, NONE);
    else meter.observe(`histogram_database_${work}_finish_seconds`, NONE, ms / 1_000);
  }

  answered({ method, status, ms }: { method: string; status: number; ms: number }, later: Later): void {
    const { meter } = this.#sender;
    const told = METHODS.has(method) ? method : "other";
    const labels = [told, String(status)];
    meter.count("edgewhisk_http_requests_total", labels);
    meter.observe("edgewhisk_http_request_seconds", labels, ms / 1_000);
    this.#sender.touch(planWith(later));
  }

  /** A call or a fire of this namespace exceeded one of its limits. */
  refused(namespace: string, reason: "rate" | "concurrency", later: Later): void {
    const family = reason === "rate" ? "openwhisk_action_limit_timed_total" : "openwhisk_action_limit_concurrent_total";
    this.#sender.meter.count(family, [namespace]);
    this.#sender.touch(planWith(later));
  }

  gone(gone: Gone, later: Later): void {
    this.#sender.gone(gone);
    this.#sender.touch(planWith(later));
  }

  /** What has been counted by now. Never rejects. */
  send(): Promise<void> {
    return this.#sender.send();
  }
}

/** Calls of one request, or of what an object asks for. */
class CountedCalls implements CallCounts {
  readonly #sender: MetricsSender;
  readonly #later: Later;

  constructor(sender: MetricsSender, later: Later) {
    this.#sender = sender;
    this.#later = later;
  }

  looked(hit: boolean): void {
    const family = hit ? "counter_database_cacheHit_counter_total" : "counter_database_cacheMiss_counter_total";
    this.#sender.meter.count(family, NONE);
  }

  handedOver(ms: number, { blocking }: { blocking: boolean }): void {
    const { meter } = this.#sender;
    meter.count("counter_controller_activation_start_total", NONE);
    meter.observe("histogram_controller_activation_finish_seconds", NONE, ms / 1_000);
    meter.count("counter_loadbalancer_activations_counter_total", NONE);
    if (blocking) meter.count("counter_controller_blockingActivation_start_total", NONE);
    this.#sender.touch(planWith(this.#later));
  }

  ended(ms: number): void {
    this.#sender.meter.observe("histogram_controller_blockingActivation_finish_seconds", NONE, ms / 1_000);
  }

  retrieved(): void {
    this.#sender.meter.count("counter_controller_blockingActivationDatabaseRetrieval_counter_total", NONE);
  }

  overloaded({ blackBox }: { blackBox: boolean }): void {
    const of = blackBox ? "blackBox" : "managed";
    this.#sender.meter.count(`counter_controller_${of}InvokerSystemOverload_counter_total`, NONE);
  }
}

/** The timer of a request ends with it, unless it is kept alive. */
function planWith(later: Later): Plan {
  return (ms, work) => {
    later(new Promise<void>((resolve) => setTimeout(resolve, ms)).then(work));
  };
}
