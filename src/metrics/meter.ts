// Counts in memory what happens in one isolate or object, until it is sent. Bounded: what goes on in more actions than
// are told apart counts as "other".

import { ALL_COUNTED, type Metering } from "../entities/metering.ts";
import type { MetricChange, Observed } from "../protocol/metrics.ts";
import { ACTION_LABELS, bucketIn, FAMILY_BY_NAME, type FamilyName, isOfAction } from "./families.ts";
import type { MetricFamily } from "./metric-family.ts";

export const OTHER = "other";
/** Series that are told apart between two words. */
const MAX_SERIES = 2_000;

export class Meter {
  readonly #changes = new Map<string, MetricChange>();
  readonly #metering: Metering;

  constructor(metering: Metering = ALL_COUNTED) {
    this.#metering = metering;
  }

  /** False: whatever it is told, it counts nothing. */
  get isOn(): boolean {
    return this.#metering.isOn;
  }

  /** Whether nothing is told of what this namespace calls. */
  ignores(namespace: string): boolean {
    return this.#metering.ignored.has(namespace);
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  count(name: FamilyName, labels: readonly string[], by = 1): void {
    if (this.#isIgnored(name, labels)) return;
    const change = this.#change(name, labels);
    change.value = (change.value as number) + by;
  }

  /** A value for a histogram. */
  observe(name: FamilyName, labels: readonly string[], value: number): void {
    if (this.#isIgnored(name, labels)) return;
    const family = familyOf(name);
    const observed = this.#change(name, labels).value as Observed;
    const at = bucketIn(family, value);
    observed.buckets[at] = (observed.buckets[at] ?? 0) + 1;
    observed.sum += value;
  }

  gauge(name: FamilyName, labels: readonly string[], value: number): void {
    if (!this.#isIgnored(name, labels)) this.#change(name, labels).value = value;
  }

  /** What has been counted since the last call. */
  take(): MetricChange[] {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    return changes;
  }

  /** By who calls, as upstream does: of an action's series the second label, of a namespace's the first. */
  #isIgnored(name: FamilyName, labels: readonly string[]): boolean {
    const { isOn, ignored } = this.#metering;
    if (!isOn) return true;
    if (ignored.size === 0) return false;
    const family = familyOf(name);
    if (isOfAction(family)) return ignored.has(labels[1] ?? "");
    return family.labels[0] === "namespace" && ignored.has(labels[0] ?? "");
  }

  #change(name: FamilyName, labels: readonly string[]): MetricChange {
    const family = familyOf(name);
    const known = this.#changes.get(keyOf(name, labels));
    if (known !== undefined) return known;
    const told = this.#changes.size >= MAX_SERIES ? bounded(family, labels) : [...labels];
    const key = keyOf(name, told);
    const change = this.#changes.get(key) ?? { family: name, labels: told, value: nothing(family) };
    this.#changes.set(key, change);
    return change;
  }
}

function bounded(family: MetricFamily, labels: readonly string[]): string[] {
  if (isOfAction(family)) return collapsed(labels);
  return family.labels[0] === "path" ? [OTHER] : [...labels];
}

/** Of an action that is not told apart: only what has few values stays. */
export function collapsed(labels: readonly string[]): string[] {
  return [...ACTION_LABELS.map(() => OTHER), ...labels.slice(ACTION_LABELS.length)];
}

export function nothing({ type, buckets = [] }: MetricFamily): MetricChange["value"] {
  return type === "histogram" ? { buckets: [...buckets.map(() => 0), 0], sum: 0 } : 0;
}

/** No two series have the same, whatever is in their labels. Asked for with each count: quicker than JSON. */
export function keyOf(name: string, labels: readonly string[]): string {
  let key = name;
  for (const label of labels) key += ` ${label.length}:${label}`;
  return key;
}

function familyOf(name: FamilyName): MetricFamily {
  const family = FAMILY_BY_NAME.get(name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return family;
}
