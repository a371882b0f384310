// What this isolate counts: requests, calls and what becomes of them, work of the databases, and what was deleted.
// Nothing is sent with a request: its batch follows within a round, kept alive by the request that counted first.

import { ALL_COUNTED, type Metering } from "../entities/metering.ts";
import type { CallCounts } from "../invocation/ports.ts";
import { log } from "../log.ts";
import { MetricCounter, MetricHistogram } from "../metrics/instruments.ts";
import { Meter } from "../metrics/meter.ts";
import { MetricsSender } from "../metrics/sender.ts";
import type { DatabaseWork } from "../metrics/system-families.ts";
import type { Gone, MetricsRpc } from "../protocol/metrics.ts";
import type { Later } from "./refreshed.ts";

const NONE: readonly string[] = [];
/** Of answers to one method that are remembered. */
const MAX_STATUSES = 200;
const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]);

export class IsolateMetrics {
  readonly #sender: MetricsSender<Later>;
  readonly #counts: CallInstruments;
  /** By method and status: there are few of each. */
  readonly #answers = new Map<string, Map<number, Answers>>();

  constructor(holder: string, metrics: () => Pick<MetricsRpc, "push">, metering: Metering = ALL_COUNTED) {
    const meter = new Meter(metering);
    this.#sender = new MetricsSender(`isolate ${holder}`, {
      meter,
      ports: {
        push: (batch) => metrics().push(batch),
        now: () => Date.now(),
        plan: kept,
        warn: (text) => log.warn("metrics", { text }),
      },
    });
    this.#counts = callInstruments(meter);
    meter.count("counter_controller_startup_counter_total", NONE);
  }

  calls(later: Later): CallCounts {
    return new CountedCalls(this.#sender, this.#counts, later);
  }

  /** Work of the databases and the bucket. `ms`: null = it failed. */
  worked(work: DatabaseWork, ms: number | null): void {
    const { meter } = this.#sender;
    meter.count(`counter_database_${work}_start_total`, NONE);
    if (ms === null) meter.count(`counter_database_${work}_error_total`, NONE);
    else meter.observe(`histogram_database_${work}_finish_seconds`, NONE, ms / 1_000);
  }

  answered({ method, status, ms }: { method: string; status: number; ms: number }, later: Later): void {
    const answers = this.#answersOf(METHODS.has(method) ? method : "other", status);
    answers.requests.add();
    answers.seconds.observe(ms / 1_000);
    this.#sender.touch(later);
  }

  /** A call or a fire of this namespace exceeded one of its limits. */
  refused(namespace: string, reason: "rate" | "concurrency", later: Later): void {
    const family = reason === "rate" ? "openwhisk_action_limit_timed_total" : "openwhisk_action_limit_concurrent_total";
    this.#sender.meter.count(family, [namespace]);
    this.#sender.touch(later);
  }

  gone(gone: Gone, later: Later): void {
    this.#sender.gone(gone);
    this.#sender.touch(later);
  }

  /** What has been counted by now. Never rejects. */
  send(): Promise<void> {
    return this.#sender.send();
  }

  #answersOf(method: string, status: number): Answers {
    let statuses = this.#answers.get(method);
    if (statuses === undefined) {
      statuses = new Map();
      this.#answers.set(method, statuses);
    }
    let answers = statuses.get(status);
    if (answers === undefined) {
      // A web action answers with the status it likes.
      if (statuses.size >= MAX_STATUSES) statuses.clear();
      const labels = [method, String(status)];
      const { meter } = this.#sender;
      answers = {
        requests: new MetricCounter(meter, "edgewhisk_http_requests_total", labels),
        seconds: new MetricHistogram(meter, "edgewhisk_http_request_seconds", labels),
      };
      statuses.set(status, answers);
    }
    return answers;
  }
}

interface Answers {
  requests: MetricCounter;
  seconds: MetricHistogram;
}

type CallInstruments = ReturnType<typeof callInstruments>;

function callInstruments(meter: Meter) {
  return {
    hits: new MetricCounter(meter, "counter_database_cacheHit_counter_total"),
    misses: new MetricCounter(meter, "counter_database_cacheMiss_counter_total"),
    started: new MetricCounter(meter, "counter_controller_activation_start_total"),
    accepted: new MetricHistogram(meter, "histogram_controller_activation_finish_seconds"),
    handedOver: new MetricCounter(meter, "counter_loadbalancer_activations_counter_total"),
    blocking: new MetricCounter(meter, "counter_controller_blockingActivation_start_total"),
    waited: new MetricHistogram(meter, "histogram_controller_blockingActivation_finish_seconds"),
  };
}

/** Calls of one request, or of what an object asks for. */
class CountedCalls implements CallCounts {
  readonly #sender: MetricsSender<Later>;
  readonly #counts: CallInstruments;
  readonly #later: Later;

  constructor(sender: MetricsSender<Later>, counts: CallInstruments, later: Later) {
    this.#sender = sender;
    this.#counts = counts;
    this.#later = later;
  }

  looked(hit: boolean): void {
    (hit ? this.#counts.hits : this.#counts.misses).add();
  }

  handedOver(ms: number, { blocking }: { blocking: boolean }): void {
    const { started, accepted, handedOver, blocking: waiting } = this.#counts;
    started.add();
    accepted.observe(ms / 1_000);
    handedOver.add();
    if (blocking) waiting.add();
    this.#sender.touch(this.#later);
  }

  ended(ms: number): void {
    this.#counts.waited.observe(ms / 1_000);
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
function kept(ms: number, work: () => Promise<void>, later: Later): void {
  later(new Promise<void>((resolve) => setTimeout(resolve, ms)).then(work));
}
