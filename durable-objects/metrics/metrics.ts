// The one Durable Object that adds up what isolates and objects have counted, and tells it to whoever scrapes.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import { MetricsLedger } from "../../src/metrics/ledger.ts";
import type { HostCount, MetricsBatch, MetricsRpc } from "../../src/protocol/metrics.ts";
import { databaseOf } from "../shared/platform.ts";
import { MetricsRows } from "./metrics-rows.ts";

export class Metrics extends DurableObject<Env> implements MetricsRpc {
  readonly #rows: MetricsRows;
  readonly #ledger: MetricsLedger;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new MetricsRows(databaseOf(ctx.storage));
    this.#ledger = new MetricsLedger(this.#rows.ledgers);
  }

  async push(batch: MetricsBatch): Promise<void> {
    const touched = this.#ledger.apply(batch, Date.now());
    if (touched !== null) this.#rows.save(touched);
  }

  async expose(options: { openMetrics: boolean; hosts: HostCount[] }): Promise<string> {
    return this.#ledger.expose(options, Date.now());
  }
}
