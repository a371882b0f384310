// What a namespace may start: invokes and fires per minute, and activations at a time. Fixed one-minute windows; a refused
// request counts too. Soft: a new incarnation starts with fresh windows. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import {
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "../../src/entities/limits.ts";
import type { Permit, PermitRequest } from "../../src/protocol/rpc.ts";

export const MINUTE_MS = 60_000;

interface Window {
  minute: number;
  count: number;
}

export class Permits {
  readonly #windows: Record<PermitRequest["kind"], Window> = {
    invoke: { minute: -1, count: 0 },
    fire: { minute: -1, count: 0 },
  };
  /** Of what has a name of its own, in the minute that was counted last. */
  readonly #named = new Map<string, number>();
  #namedMinute = -1;
  /** Expiry by id. */
  readonly #running = new Map<ActivationId, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;
  #lastExpiry = 0;

  enter(request: PermitRequest, now: number): Permit {
    const { kind, limits } = request;
    const perMinute =
      kind === "invoke"
        ? (limits.invocationsPerMinute ?? DEFAULT_INVOCATIONS_PER_MINUTE)
        : (limits.firesPerMinute ?? DEFAULT_FIRES_PER_MINUTE);
    const count = this.#charge(kind, { now, count: request.count ?? 1, perMinute });
    if (count > perMinute) return { ok: false, reason: "rate", count, allowed: perMinute };
    if (kind === "fire") return { ok: true };
    const allowed = limits.concurrentInvocations ?? DEFAULT_CONCURRENT;
    if (now >= this.#nextExpiry) this.#expire(now);
    const running = this.#running.size;
    if (running >= allowed) return { ok: false, reason: "concurrency", count: running, allowed };
    this.#running.set(request.id, request.expiresAt);
    this.#nextExpiry = Math.min(this.#nextExpiry, request.expiresAt);
    this.#lastExpiry = Math.max(this.#lastExpiry, request.expiresAt);
    return { ok: true };
  }

  pass(name: string, perMinute: number, now: number): Permit {
    const minute = Math.floor(now / MINUTE_MS);
    if (this.#namedMinute !== minute) {
      this.#namedMinute = minute;
      this.#named.clear();
    }
    const count = (this.#named.get(name) ?? 0) + 1;
    this.#named.set(name, count);
    return count > perMinute ? { ok: false, reason: "rate", count, allowed: perMinute } : { ok: true };
  }

  leave(ids: readonly ActivationId[]): void {
    for (const id of ids) this.#running.delete(id);
  }

  /** Epoch ms until which what is known here counts for the next who enters: the end of a minute, or of a place that is taken. */
  knownUntil(): number {
    const { invoke, fire } = this.#windows;
    const end = (Math.max(invoke.minute, fire.minute, this.#namedMinute) + 1) * MINUTE_MS;
    return this.#running.size === 0 ? end : Math.max(end, this.#lastExpiry);
  }

  /** Several that do not fit together count as one request that was refused. */
  #charge(
    kind: PermitRequest["kind"],
    { now, count, perMinute }: { now: number; count: number; perMinute: number },
  ): number {
    const window = this.#windows[kind];
    const minute = Math.floor(now / MINUTE_MS);
    if (window.minute !== minute) {
      window.minute = minute;
      window.count = 0;
    }
    const charged = window.count + count;
    window.count = charged > perMinute ? window.count + 1 : charged;
    return charged;
  }

  #expire(now: number): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [id, expiresAt] of this.#running) {
      if (expiresAt <= now) this.#running.delete(id);
      else if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt;
    }
  }
}
