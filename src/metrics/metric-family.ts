// What a family of series is.

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  /** Upper bounds, ascending; a last one for everything is added. */
  readonly buckets?: readonly number[];
}
