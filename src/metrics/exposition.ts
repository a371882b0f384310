// Families of series as text: Prometheus' own format, and OpenMetrics. What a label says is quoted, so that no name can end it.

import type { Observed } from "../protocol/metrics.ts";
import type { MetricFamily } from "./families.ts";

export interface Series {
  labels: readonly string[];
  value: number | Observed;
}

export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** `openMetrics`: false = Prometheus' text format. */
export function exposition(
  families: Iterable<{ family: MetricFamily; series: Iterable<Series> }>,
  { openMetrics }: { openMetrics: boolean },
): string {
  const lines: string[] = [];
  for (const { family, series } of families) familyLines(family, { series, openMetrics, lines });
  if (openMetrics) lines.push("# EOF");
  lines.push("");
  return lines.join("\n");
}

/** Whether a scraper would rather have OpenMetrics. */
export function wantsOpenMetrics(accept: string | null): boolean {
  return accept !== null && /application\/openmetrics-text/i.test(accept);
}

function familyLines(
  family: MetricFamily,
  { series, openMetrics, lines }: { series: Iterable<Series>; openMetrics: boolean; lines: string[] },
): void {
  const { name, labels, buckets = [] } = family;
  const heads = labels.map((label, at) => `${at === 0 ? "" : ","}${label}="`);
  const bounds = [...buckets.map(String), "+Inf"];
  let isFirst = true;
  for (const { labels: values, value } of series) {
    if (isFirst) lines.push(...headOf(family, openMetrics));
    isFirst = false;
    let inner = "";
    for (const [at, head] of heads.entries()) inner += `${head}${quoted(values[at] ?? "")}"`;
    if (typeof value === "number") {
      lines.push(inner === "" ? `${name} ${numberText(value)}` : `${name}{${inner}} ${numberText(value)}`);
      continue;
    }
    const before = inner === "" ? `${name}_bucket{le="` : `${name}_bucket{${inner},le="`;
    let sum = 0;
    for (const [at, bound] of bounds.entries()) {
      sum += value.buckets[at] ?? 0;
      lines.push(`${before}${openMetrics ? floatText(bound) : bound}"} ${sum}`);
    }
    const braced = inner === "" ? "" : `{${inner}}`;
    lines.push(`${name}_sum${braced} ${numberText(value.sum)}`, `${name}_count${braced} ${sum}`);
  }
}

/** A counter of OpenMetrics ends in `_total`, and its family does not; what is a counter by another name has no type there. */
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
