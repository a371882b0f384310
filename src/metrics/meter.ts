// Counts in memory what happens in one isolate or object, until it is sent. Bounded: what goes on in more actions than are told
// apart counts as "other".

import type { MetricChange, Observed } from "../protocol/metrics.ts";
import { ACTION_LABELS, bucketIn, FAMILY_BY_NAME, type FamilyName, isOfAction, type MetricFamily } from "./families.ts";

export const OTHER = "other";
/** Series that are told apart between two words. */
const MAX_SERIES = 2_000;

export class Meter {
  readonly #changes = new Map<string, MetricChange>();

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  count(name: FamilyName, labels: readonly string[], by = 1): void {
    const change = this.#change(name, labels);
    change.value = (change.value as number) + by;
  }

  /** A value for a histogram. */
  observe(name: FamilyName, labels: readonly string[], value: number): void {
    const family = familyOf(name);
    const observed = this.#change(name, labels).value as Observed;
    const at = bucketIn(family, value);
    observed.buckets[at] = (observed.buckets[at] ?? 0) + 1;
    observed.sum += value;
  }

  gauge(name: FamilyName, labels: readonly string[], value: number): void {
    this.#change(name, labels).value = value;
  }

  /** What has been counted since the last call. */
  take(): MetricChange[] {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    return changes;
  }

  #change(name: FamilyName, labels: readonly string[]): MetricChange {
    const family = familyOf(name);
    const known = this.#changes.get(keyOf(name, labels));
    if (known !== undefined) return known;
    const told = this.#changes.size >= MAX_SERIES && isOfAction(family) ? collapsed(labels) : [...labels];
    const key = keyOf(name, told);
    const change = this.#changes.get(key) ?? { family: name, labels: told, value: nothing(family) };
    this.#changes.set(key, change);
    return change;
  }
}

/** Of an action that is not told apart: only what has few values stays. */
export function collapsed(labels: readonly string[]): string[] {
  return [...ACTION_LABELS.map(() => OTHER), ...labels.slice(ACTION_LABELS.length)];
}

export function nothing({ type, buckets = [] }: MetricFamily): MetricChange["value"] {
  return type === "histogram" ? { buckets: [...buckets.map(() => 0), 0], sum: 0 } : 0;
}

export function keyOf(name: string, labels: readonly string[]): string {
  return JSON.stringify([name, ...labels]);
}

function familyOf(name: FamilyName): MetricFamily {
  const family = FAMILY_BY_NAME.get(name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return family;
}
