// What a namespace may start: invokes and fires per minute, and activations at a time. Fixed one-minute windows; a refused
// request counts too. Soft: a new incarnation starts with fresh windows. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { NamespaceLimits } from "../../src/entities/identity.ts";
import {
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "../../src/entities/limits.ts";

const MINUTE = 60_000;

export interface Entry {
  id: ActivationId;
  kind: "invoke" | "fire";
  limits: NamespaceLimits;
  /** Epoch ms at which the place is free again if nobody gives it back. */
  expiresAt: number;
}

export type Verdict = { ok: true } | { ok: false; reason: "rate" | "concurrency"; count: number; allowed: number };

interface Window {
  minute: number;
  count: number;
}

export class Throttle {
  readonly #windows: Record<Entry["kind"], Window> = {
    invoke: { minute: -1, count: 0 },
    fire: { minute: -1, count: 0 },
  };
  /** Expiry by id. */
  readonly #running = new Map<ActivationId, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;

  enter(entry: Entry, now: number): Verdict {
    const { kind, limits } = entry;
    const perMinute =
      kind === "invoke"
        ? (limits.invocationsPerMinute ?? DEFAULT_INVOCATIONS_PER_MINUTE)
        : (limits.firesPerMinute ?? DEFAULT_FIRES_PER_MINUTE);
    const count = this.#charge(kind, now);
    if (count > perMinute) return { ok: false, reason: "rate", count, allowed: perMinute };
    if (kind === "fire") return { ok: true };
    const allowed = limits.concurrentInvocations ?? DEFAULT_CONCURRENT;
    if (now >= this.#nextExpiry) this.#expire(now);
    const running = this.#running.size;
    if (running >= allowed) return { ok: false, reason: "concurrency", count: running, allowed };
    this.#running.set(entry.id, entry.expiresAt);
    this.#nextExpiry = Math.min(this.#nextExpiry, entry.expiresAt);
    return { ok: true };
  }

  leave(ids: readonly ActivationId[]): void {
    for (const id of ids) this.#running.delete(id);
  }

  #charge(kind: Entry["kind"], now: number): number {
    const window = this.#windows[kind];
    const minute = Math.floor(now / MINUTE);
    if (window.minute !== minute) {
      window.minute = minute;
      window.count = 0;
    }
    return ++window.count;
  }

  #expire(now: number): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [id, expiresAt] of this.#running) {
      if (expiresAt <= now) this.#running.delete(id);
      else if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt;
    }
  }
}
