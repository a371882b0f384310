// Series that are counted again and again. Each is found by its labels once between two batches; after that, counting
// is one comparison and one addition: nothing is allocated and no text is made for a call.

import type { MetricChange } from "../protocol/metrics.ts";
import { type FamilyName, familyOf } from "./families.ts";
import { type Meter, observed } from "./meter.ts";
import type { MetricFamily } from "./metric-family.ts";

abstract class Instrument {
  readonly #meter: Meter;
  readonly #name: FamilyName;
  readonly #labels: readonly string[];
  #change: MetricChange | null = null;
  #round = -1;

  constructor(meter: Meter, name: FamilyName, labels: readonly string[] = []) {
    this.#meter = meter;
    this.#name = name;
    this.#labels = labels;
  }

  /** What this round has of it so far; null: it is not counted. */
  protected change(): MetricChange | null {
    const { round } = this.#meter;
    if (this.#round === round) return this.#change;
    this.#round = round;
    this.#change = this.#meter.change(this.#name, this.#labels);
    return this.#change;
  }
}

export class MetricCounter extends Instrument {
  add(by = 1): void {
    const change = this.change();
    if (change !== null) change.value = (change.value as number) + by;
  }
}

export class MetricGauge extends Instrument {
  set(value: number): void {
    const change = this.change();
    if (change !== null) change.value = value;
  }
}

export class MetricHistogram extends Instrument {
  readonly #family: MetricFamily;

  constructor(meter: Meter, name: FamilyName, labels: readonly string[] = []) {
    super(meter, name, labels);
    this.#family = familyOf(name);
  }

  observe(value: number): void {
    const change = this.change();
    if (change !== null) observed(this.#family, change, value);
  }
}
