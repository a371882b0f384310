// Counts in memory what happens in one isolate or object, until it is sent. Bounded: what goes on in more actions than
// are told apart counts as "other".

import { ALL_COUNTED, type Metering } from "../entities/metering.ts";
import type { MetricChange, Observed } from "../protocol/metrics.ts";
import { ACTION_LABELS, bucketIn, type FamilyName, familyOf, isOfAction } from "./families.ts";
import type { MetricFamily } from "./metric-family.ts";

export const OTHER = "other";
/** Series that are told apart between two words. */
const MAX_SERIES = 2_000;

export class Meter {
  readonly #changes = new Map<string, MetricChange>();
  readonly #metering: Metering;
  #round = 0;

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

  /** Goes up with each `take`: what `change` has given belongs to one round. */
  get round(): number {
    return this.#round;
  }

  /** What is seldom counted. What comes with each call has an instrument (`instruments.ts`). */
  count(name: FamilyName, labels: readonly string[], by = 1): void {
    const change = this.change(name, labels);
    if (change !== null) change.value = (change.value as number) + by;
  }

  /** A value for a histogram. */
  observe(name: FamilyName, labels: readonly string[], value: number): void {
    const change = this.change(name, labels);
    if (change !== null) observed(familyOf(name), change, value);
  }

  /** What has been counted since the last call. */
  take(): MetricChange[] {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    this.#round++;
    return changes;
  }

  /** The series in this round, to be added to; null: it is not counted. */
  change(name: FamilyName, labels: readonly string[]): MetricChange | null {
    if (this.#isIgnored(name, labels)) return null;
    const family = familyOf(name);
    const known = this.#changes.get(keyOf(name, labels));
    if (known !== undefined) return known;
    const told = this.#changes.size >= MAX_SERIES ? bounded(family, labels) : [...labels];
    const key = keyOf(name, told);
    const change = this.#changes.get(key) ?? { family: name, labels: told, value: nothing(family) };
    this.#changes.set(key, change);
    return change;
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
}

/** Adds a value to what a histogram has so far. */
export function observed(family: MetricFamily, change: MetricChange, value: number): void {
  const told = change.value as Observed;
  const at = bucketIn(family, value);
  told.buckets[at] = (told.buckets[at] ?? 0) + 1;
  told.sum += value;
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

/** No two series have the same, whatever is in their labels. */
export function keyOf(name: string, labels: readonly string[]): string {
  let key = name;
  for (const label of labels) key += ` ${label.length}:${label}`;
  return key;
}
