// Sends what a meter has counted, in batches: nothing leaves with the call that is counted, and nothing is older than a
// round. A batch that nobody has confirmed is sent again under its number, with what came meanwhile in the next one.

import type { Gone, MetricsBatch } from "../protocol/metrics.ts";
import type { Meter } from "./meter.ts";

/** ms between two batches at least, and between what is counted after a pause and its batch. */
export const ROUND_MS = 10_000;
export const FIRST_MS = 1_000;
const MAX_GONE = 1_000;

/** A round that was planned and has not come after so long was lost with the request that planned it. */
const LOST_AFTER_MS = 3 * ROUND_MS;

/** `C`: what whoever counts has that keeps a timer alive. */
export interface SenderPorts<C> {
  push(batch: MetricsBatch): Promise<void>;
  now(): number;
  /** Runs `work` once after `ms`. */
  plan(ms: number, work: () => Promise<void>, context: C): unknown;
  /** Told once, when it fails for the first time in a row. */
  warn(text: string): void;
}

export class MetricsSender<C = void> {
  readonly meter: Meter;
  readonly #source: string;
  readonly #ports: SenderPorts<C>;
  /** What goes with each batch besides. */
  readonly #state: () => Pick<MetricsBatch, "store" | "scheduler">;
  #number = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #unsent: MetricsBatch | null = null;
  #gone: Gone[] = [];
  /** When the round that is planned was planned. */
  #planned = Number.NEGATIVE_INFINITY;
  #failed = false;
  #touched = false;

  constructor(
    source: string,
    options: { meter: Meter; ports: SenderPorts<C>; state?: () => Pick<MetricsBatch, "store" | "scheduler"> },
  ) {
    this.#source = source;
    this.meter = options.meter;
    this.#ports = options.ports;
    this.#state = options.state ?? (() => ({}));
  }

  /** Something was counted, or has changed: it is sent within a round.
   * Costs nothing where a round is planned already. */
  touch(context: C): void {
    if (!this.meter.isOn) return;
    this.#touched = true;
    const now = this.#ports.now();
    if (now < this.#planned + LOST_AFTER_MS) return;
    this.#planned = now;
    const ms = Math.max(FIRST_MS, this.#sentAt + ROUND_MS - now);
    this.#ports.plan(
      ms,
      async () => {
        await this.send();
        if (this.#touched || this.#unsent !== null) this.touch(context);
      },
      context,
    );
  }

  /** To be followed by `touch`. */
  gone(gone: Gone): void {
    if (this.meter.isOn && this.#gone.length < MAX_GONE) this.#gone.push(gone);
  }

  /** What there is, now. Never rejects. */
  async send(): Promise<void> {
    this.#planned = Number.NEGATIVE_INFINITY;
    if (this.#unsent === null) {
      if (!this.#touched) return;
      this.#touched = false;
      const gone = this.#gone;
      this.#gone = [];
      this.#unsent = {
        ...{ source: this.#source, number: ++this.#number, changes: this.meter.take() },
        ...(gone.length === 0 ? {} : { gone }),
        ...this.#state(),
      };
    }
    const batch = this.#unsent;
    this.#sentAt = this.#ports.now();
    try {
      await this.#ports.push(batch);
      if (this.#unsent === batch) this.#unsent = null;
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#ports.warn(`metrics were not sent, trying on: ${String(error)}`);
      this.#failed = true;
    }
  }
}
