// What the limits of a namespace tell of its calls, as events of which OpenWhisk has the names.

/** The first two: a call was refused; the third: so many of the namespace's calls run,
 * with one that was let in just now. */
export const METRIC_NAMES = ["ConcurrentRateLimit", "TimedRateLimit", "ConcurrentInvocations"] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

/** What a namespace's limits told of it. `at`: epoch ms. */
export interface LimitEvent {
  metricName: MetricName;
  metricValue: number;
  subject: string;
  namespace: string;
  at: number;
}
