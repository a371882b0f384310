// What this isolate counts: requests, calls that were refused, and what was deleted. Nothing is sent with a request: its batch follows
// within a round, kept alive by the request that counted first.

import { Meter } from "../metrics/meter.ts";
import { MetricsSender, type Plan } from "../metrics/sender.ts";
import type { Gone, MetricsRpc } from "../protocol/metrics.ts";
import type { Later } from "./refreshed.ts";

const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]);

export class IsolateMetrics {
  readonly #sender: MetricsSender;

  constructor(holder: string, metrics: () => Pick<MetricsRpc, "push">) {
    this.#sender = new MetricsSender(`isolate ${holder}`, {
      meter: new Meter(),
      ports: {
        push: (batch) => metrics().push(batch),
        now: () => Date.now(),
        plan: () => undefined,
        warn: (text) => console.warn(text),
      },
    });
  }

  answered({ method, status, ms }: { method: string; status: number; ms: number }, later: Later): void {
    const { meter } = this.#sender;
    const told = METHODS.has(method) ? method : "other";
    meter.count("edgewhisk_http_requests_total", [told, String(status)]);
    meter.observe("edgewhisk_http_request_seconds", [told], ms / 1_000);
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

/** The timer of a request ends with it, unless it is kept alive. */
function planWith(later: Later): Plan {
  return (ms, work) => {
    later(new Promise<void>((resolve) => setTimeout(resolve, ms)).then(work));
  };
}
