// Finished runs on their way to their stores: batched per store, flushed soon after the first, or at once where
// somebody waits at the store for one of them; tried again until the store has them. It owns the batches. The host
// keeps what it sent until it hears `stored`, so nothing is lost with this object.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Finished, StoreName } from "../../src/protocol/rpc.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import type { Cancel } from "../shared/ports.ts";
import type { SchedulerPorts } from "./ports.ts";

/** From the first record to the flush of its batch. */
const FLUSH_AFTER_MS = 10;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** One RPC carries at most this. */
const MAX_BATCH_ITEMS = 256;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** What stores may owe us; past it records are left with the host until the stores have caught up. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ITEMS = 50_000;
/** Beside its payloads a record weighs about this. */
const OVERHEAD_BYTES = 1024;

interface Item {
  finished: Finished;
  bytes: number;
  /** The host waits for `stored`. */
  owed: boolean;
}

interface Lane {
  items: Item[];
  /** Of the next flush. */
  timer: { cancel: Cancel; at: number } | undefined;
  flying: boolean;
  failures: number;
}

export interface BatcherEvents {
  epoch(): number;
  /** These are durable and their host waits to hear it. */
  stored(items: { id: ActivationId; attempt: number }[]): void;
  /** Records were left with the host for want of room; now there is room. */
  caughtUp(): void;
}

type Ports = Pick<SchedulerPorts, "now" | "after" | "store" | "warn">;

export class RecordBatcher {
  readonly #lanes = new Map<StoreName, Lane>();
  readonly #pending = new Map<ActivationId, number>();
  readonly #ports: Ports;
  readonly #name: string;
  readonly #events: BatcherEvents;
  #bytes = 0;
  #overflowed = false;

  constructor(name: string, options: { ports: Ports; events: BatcherEvents }) {
    this.#name = name;
    this.#ports = options.ports;
    this.#events = options.events;
  }

  has(id: ActivationId): boolean {
    return this.#pending.has(id);
  }

  /** `owed`: it came from the host, which waits for `stored`; else it is an outcome of our own and is never refused.
   * `urgent`: somebody waits for it at the store. False if it must be left with the host. */
  add(store: StoreName, finished: Finished, options: { owed: boolean; urgent?: boolean }): boolean {
    const { owed, urgent = false } = options;
    if (owed && this.#pending.get(finished.id) === finished.attempt) return true;
    const bytes = weigh(finished);
    if (owed && (this.#bytes + bytes > MAX_BYTES || this.#pending.size >= MAX_ITEMS)) {
      this.#overflowed = true;
      return false;
    }
    let lane = this.#lanes.get(store);
    if (lane === undefined) {
      lane = { items: [], timer: undefined, flying: false, failures: 0 };
      this.#lanes.set(store, lane);
    }
    lane.items.push({ finished, bytes, owed });
    this.#bytes += bytes;
    if (owed) this.#pending.set(finished.id, finished.attempt);
    else if (!this.#pending.has(finished.id)) this.#pending.set(finished.id, 0);
    this.#time(store, lane, urgent ? 0 : FLUSH_AFTER_MS);
    return true;
  }

  #time(store: StoreName, lane: Lane, ms: number): void {
    if (lane.flying) return;
    const at = this.#ports.now() + ms;
    if (lane.timer !== undefined) {
      // A store that does not answer is not asked sooner for what came meanwhile.
      if (lane.failures > 0 || lane.timer.at <= at) return;
      lane.timer.cancel();
    }
    const cancel = this.#ports.after(ms, () => {
      lane.timer = undefined;
      void this.#flush(store, lane);
    });
    lane.timer = { cancel, at };
  }

  async #flush(store: StoreName, lane: Lane): Promise<void> {
    const batch = take(lane.items);
    lane.flying = true;
    try {
      const list = batch.map((item) => item.finished);
      const told = this.#ports.store(store).complete(list, { scheduler: this.#name, epoch: this.#events.epoch() });
      await within((ms, run) => this.#ports.after(ms, run), ANSWER_WITHIN_MS, told);
    } catch (error) {
      lane.flying = false;
      lane.items.unshift(...batch);
      if (lane.failures === 0) this.#ports.warn(`records are not taken by their store, trying on: ${String(error)}`);
      this.#time(store, lane, Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** lane.failures++));
      return;
    }
    lane.flying = false;
    lane.failures = 0;
    if (lane.items.length > 0) this.#time(store, lane, 0);
    else this.#lanes.delete(store);
    this.#settle(batch);
  }

  #settle(batch: Item[]): void {
    const stored: { id: ActivationId; attempt: number }[] = [];
    for (const { finished, bytes, owed } of batch) {
      this.#bytes -= bytes;
      const attempt = owed ? finished.attempt : 0;
      if (this.#pending.get(finished.id) === attempt) this.#pending.delete(finished.id);
      if (owed) stored.push({ id: finished.id, attempt: finished.attempt });
    }
    if (stored.length > 0) this.#events.stored(stored);
    if (!this.#overflowed || this.#bytes > MAX_BYTES / 2 || this.#pending.size > MAX_ITEMS / 2) return;
    this.#overflowed = false;
    this.#events.caughtUp();
  }
}

function take(items: Item[]): Item[] {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += item.bytes;
    if (count === MAX_BATCH_ITEMS || (count > 0 && bytes > MAX_BATCH_BYTES)) break;
    count++;
  }
  return items.splice(0, count);
}

function weigh({ completion }: Finished): number {
  const { result, logs } = completion;
  const text = ("inline" in result ? result.inline.length : 0) + (logs && "inline" in logs ? logs.inline.length : 0);
  return text + OVERHEAD_BYTES;
}
