// Callers who wait for an activation's record. Soft: if the object goes, so do their calls.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Cancel, ClockPorts } from "./ports.ts";

interface Waiter {
  tell(record: ActivationRecord | null): void;
  cancel: Cancel;
}

export class Waiters {
  readonly #waiting = new Map<ActivationId, Set<Waiter>>();
  readonly #after: ClockPorts["after"];

  constructor(after: ClockPorts["after"]) {
    this.#after = after;
  }

  /** The record when it is there, or null after `ms`. */
  wait(id: ActivationId, ms: number): Promise<ActivationRecord | null> {
    return new Promise((resolve) => {
      const waiter: Waiter = { tell: resolve, cancel: this.#after(ms, () => this.#giveUp(id, waiter)) };
      const others = this.#waiting.get(id);
      if (others === undefined) this.#waiting.set(id, new Set([waiter]));
      else others.add(waiter);
    });
  }

  tell(record: ActivationRecord): void {
    const waiting = this.#waiting.get(record.activationId);
    if (waiting === undefined) return;
    this.#waiting.delete(record.activationId);
    for (const waiter of waiting) {
      waiter.cancel();
      waiter.tell(record);
    }
  }

  #giveUp(id: ActivationId, waiter: Waiter): void {
    const waiting = this.#waiting.get(id);
    waiting?.delete(waiter);
    if (waiting?.size === 0) this.#waiting.delete(id);
    waiter.tell(null);
  }
}
