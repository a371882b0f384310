// What was counted of requests once more, as upstream tells it: a counter and a histogram for each method,
// by status code.

import type { Series } from "./exposition.ts";
import { FAMILY_BY_NAME } from "./families.ts";
import type { MetricFamily } from "./metric-family.ts";

const LABELS = ["statusCode"];

/** `told`: the series by the names of their families. */
export function httpFamilies(
  told: ReadonlyMap<string, readonly Series[]>,
): { family: MetricFamily; series: readonly Series[] }[] {
  const counts = byMethod(told.get("edgewhisk_http_requests_total") ?? []);
  const times = byMethod(told.get("edgewhisk_http_request_seconds") ?? []);
  const { buckets = [] } = FAMILY_BY_NAME.get("edgewhisk_http_request_seconds") ?? {};
  return [
    ...[...counts].map(([method, series]) => {
      const name = `counter_http_${method}_counter_total`;
      return { family: familyOf(name, "Requests by status code.", { type: "counter" }), series };
    }),
    ...[...times].map(([method, series]) => {
      const name = `histogram_http_${method}_counter_seconds`;
      return { family: familyOf(name, "Time until a request was answered.", { type: "histogram", buckets }), series };
    }),
  ];
}

function familyOf(name: string, help: string, rest: Pick<MetricFamily, "type" | "buckets">): MetricFamily {
  return { name, help, labels: LABELS, ...rest };
}

function byMethod(series: readonly Series[]): Map<string, Series[]> {
  const methods = new Map<string, Series[]>();
  for (const { labels, value } of series) {
    const [method = "", ...rest] = labels;
    const name = method.toLowerCase();
    methods.set(name, [...(methods.get(name) ?? []), { labels: rest, value }]);
  }
  return methods;
}
