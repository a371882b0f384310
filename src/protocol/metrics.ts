// What isolates and objects tell the Metrics object, and what it is asked.

/** Of a histogram: how many values lie in each bucket, and the last one for what is beyond all; and their sum. */
export interface Observed {
  buckets: number[];
  sum: number;
}

/** What was added since the last word: to a counter, or to a histogram. Of a gauge, the value now.
 * `labels` in the family's order. */
export interface MetricChange {
  family: string;
  labels: string[];
  value: number | Observed;
}

/** What one activation store has to do, or one scheduler has under way. Times are epoch ms. */
export interface StoreGauges {
  waiting: number;
  /** Rows whose run is under way. */
  running: number;
  fires: number;
  /** Acceptance of the row that waits longest; null: none waits. */
  oldestAt: number | null;
  /** When the oldest record came that a shelf still lacks; null: there is none. */
  unshelvedSince: number | null;
}

export interface SchedulerGauges {
  running: number;
  /** MB */
  usedMb: number;
  /** What of it is of containers that bring their own image; absent: an earlier version said it. */
  blackBoxMb?: number;
  totalMb: number;
}

/** An action or a namespace that is gone: its series go with it. */
export interface Gone {
  namespace: string;
  /** `name` or `package/name`; absent: the whole namespace. */
  action?: string;
}

export interface MetricsBatch {
  /** Names the incarnation or the isolate that counts. */
  source: string;
  /** From 1; a batch that is sent again keeps its number and is counted once. */
  number: number;
  changes: MetricChange[];
  gone?: Gone[];
  store?: StoreGauges & { name: string };
  scheduler?: SchedulerGauges & { name: string };
}

/** Of the one Metrics object of a deployment. */
export interface MetricsRpc {
  push(batch: MetricsBatch): Promise<void>;
  /** All of it as text for a scraper. `hosts`: what the roster says. */
  expose(options: { openMetrics: boolean; hosts: HostCount[] }): Promise<string>;
}

/** Hosts' schedulers by state, as upstream's load balancer counts them. */
export interface HostCount {
  state: "Healthy" | "Unhealthy" | "Unresponsive" | "Offline";
  count: number;
  /** MB they have in all. */
  memoryMb: number;
  /** The same of those that take actions which bring their own image. */
  blackBox?: { count: number; memoryMb: number };
}

export const METRICS_NAME = "metrics";
