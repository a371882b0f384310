// The one Durable Object that adds up what isolates and objects have counted, and tells it to whoever scrapes.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import { SeriesBook } from "../../src/metrics/series-book.ts";
import type { HostCount, MetricsBatch, MetricsRpc } from "../../src/protocol/metrics.ts";
import { databaseOf } from "../shared/platform.ts";
import { MetricsRows } from "./metrics-rows.ts";

export class Metrics extends DurableObject<Env> implements MetricsRpc {
  readonly #rows: MetricsRows;
  readonly #book: SeriesBook;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new MetricsRows(databaseOf(ctx.storage));
    this.#book = new SeriesBook(this.#rows.kept);
  }

  async push(batch: MetricsBatch): Promise<void> {
    const touched = this.#book.apply(batch, Date.now());
    if (touched !== null) this.#rows.save(touched);
  }

  async expose(options: { openMetrics: boolean; hosts: HostCount[] }): Promise<string> {
    return this.#book.expose(options, Date.now());
  }
}
