// Rows of which a store has been told that this scheduler does not have them: the store starts them elsewhere, so an
// offer that was long under way must not start them here. No clock is asked, since two machines' clocks differ. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";

/** No call is under way while so many others are denied. */
const MAX_DENIALS = 50_000;

export class Denials {
  /** The newest attempt of each that was denied. */
  readonly attempts = new Map<ActivationId, number>();

  add(id: ActivationId, attempt: number): void {
    const before = this.attempts.get(id);
    this.attempts.delete(id);
    this.attempts.set(id, Math.max(attempt, before ?? 0));
    for (const oldest of this.attempts.keys()) {
      if (this.attempts.size <= MAX_DENIALS) break;
      this.attempts.delete(oldest);
    }
  }

  has(id: ActivationId, attempt: number): boolean {
    const denied = this.attempts.get(id);
    return denied !== undefined && attempt <= denied;
  }
}
