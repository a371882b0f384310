// Families of series as text: Prometheus' own format, and OpenMetrics. What a label says is quoted,
// so that no name can end it.

import type { Observed } from "../protocol/metrics.ts";
import type { MetricFamily } from "./metric-family.ts";

export interface Series {
  labels: readonly string[];
  value: number | Observed;
}

export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** `openMetrics`: false = Prometheus' text format. `textOf`: what a series is as text, where somebody remembers it. */
export function exposition<S extends Series>(
  families: Iterable<{ family: MetricFamily; series: Iterable<S> }>,
  options: { openMetrics: boolean; textOf?: (family: MetricFamily, series: S) => string },
): string {
  const { openMetrics, textOf = (family, series) => seriesText(family, series, openMetrics) } = options;
  const lines: string[] = [];
  for (const { family, series } of families) {
    let isFirst = true;
    for (const each of series) {
      if (isFirst) lines.push(...headOf(family, openMetrics));
      isFirst = false;
      lines.push(textOf(family, each));
    }
  }
  if (openMetrics) lines.push("# EOF");
  lines.push("");
  return lines.join("\n");
}

/** Whether a scraper would rather have OpenMetrics. */
export function wantsOpenMetrics(accept: string | null): boolean {
  return accept !== null && /application\/openmetrics-text/i.test(accept);
}

/** The lines of one series, without a last line break. */
export function seriesText(
  { name, labels, buckets = [] }: MetricFamily,
  { labels: values, value }: Series,
  openMetrics: boolean,
): string {
  const inner = labels.map((label, at) => `${label}="${quoted(values[at] ?? "")}"`).join(",");
  const braced = inner === "" ? "" : `{${inner}}`;
  if (typeof value === "number") return `${name}${braced} ${numberText(value)}`;
  const before = inner === "" ? `${name}_bucket{le="` : `${name}_bucket{${inner},le="`;
  let count = 0;
  let text = "";
  for (const [at, bound] of [...buckets.map(String), "+Inf"].entries()) {
    count += value.buckets[at] ?? 0;
    text += `${before}${openMetrics ? floatText(bound) : bound}"} ${count}\n`;
  }
  return `${text}${name}_sum${braced} ${numberText(value.sum)}\n${name}_count${braced} ${count}`;
}

/** A counter of OpenMetrics ends in `_total`, and its family does not;
 * what is a counter by another name has no type there. */
function headOf({ name, help, type }: MetricFamily, openMetrics: boolean): string[] {
  const isTotal = name.endsWith("_total");
  const told = openMetrics && type === "counter" && isTotal ? name.slice(0, -"_total".length) : name;
  const kind = openMetrics && type === "counter" && !isTotal ? "unknown" : type;
  return [`# HELP ${told} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`, `# TYPE ${told} ${kind}`];
}

const SPECIAL = /[\\"\n]/;

function quoted(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** OpenMetrics writes bounds as floats. */
function floatText(bound: string): string {
  return /^\d+$/.test(bound) ? `${bound}.0` : bound;
}
