// What a namespace may start: invokes and fires per minute, activations at a time, and what they hold: memory, instances of an action. Fixed one-minute windows; a refused
// request counts too. Soft: a new incarnation starts with fresh windows. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import {
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "../../src/entities/limits.ts";
import type { HoldRequest, Permit, PermitRequest, ThrottleUsage } from "../../src/protocol/throttle.ts";

export const MINUTE_MS = 60_000;

/** One that has not ended. */
interface Running {
  expiresAt: number;
  /** MB; 0 where nobody asked for it. */
  memory: number;
  action?: string;
  /** Whether it takes a place among those at a time. */
  counts: boolean;
}

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
  readonly #running = new Map<ActivationId, Running>();
  /** Of those: places taken, MB held, and how many of each action. */
  #places = 0;
  #memory = 0;
  readonly #actions = new Map<string, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;
  #lastExpiry = 0;

  enter(request: PermitRequest, now: number): Permit {
    const { kind, limits } = request;
    const perMinute =
      kind === "invoke"
        ? (limits.invocationsPerMinute ?? DEFAULT_INVOCATIONS_PER_MINUTE)
        : (limits.firesPerMinute ?? DEFAULT_FIRES_PER_MINUTE);
    const count = this.#charge(kind, { now, count: request.count ?? 1, perMinute });
    if (count > perMinute) return { ok: false, reason: "rate", count, allowed: perMinute, reset: resetAfter(now) };
    if (kind === "fire") return { ok: true };
    const allowed = limits.concurrentInvocations ?? DEFAULT_CONCURRENT;
    if (now >= this.#nextExpiry) this.#expire(now);
    if (this.#places >= allowed) return { ok: false, reason: "concurrency", count: this.#places, allowed };
    this.#add(request.id, { expiresAt: request.expiresAt, memory: 0, counts: true });
    return { ok: true };
  }

  /** Beside what `enter` has counted, or without it where nothing limits that. Asked twice for the same it is held once. */
  hold({ id, memory, action, expiresAt }: HoldRequest, now: number): Permit {
    if (now >= this.#nextExpiry) this.#expire(now);
    const before = this.#running.get(id);
    if (before?.action !== undefined) return { ok: true };
    const used = this.#memory + memory.wanted;
    if (memory.allowed !== undefined && used > memory.allowed) {
      return { ok: false, reason: "memory", count: used, allowed: memory.allowed };
    }
    const count = this.#actions.get(action.path) ?? 0;
    if (action.allowed !== undefined && count >= action.allowed) {
      return { ok: false, reason: "instances", count, allowed: action.allowed };
    }
    this.#remove(id);
    this.#add(id, { expiresAt, memory: memory.wanted, action: action.path, counts: before?.counts ?? false });
    return { ok: true };
  }

  usage(now: number): ThrottleUsage {
    if (now >= this.#nextExpiry) this.#expire(now);
    const of = ({ minute, count }: Window) => (minute === Math.floor(now / MINUTE_MS) ? count : 0);
    return {
      invocationsThisMinute: of(this.#windows.invoke),
      firesThisMinute: of(this.#windows.fire),
      reset: resetAfter(now),
      concurrentInvocations: this.#places,
      memoryInUse: this.#memory,
    };
  }

  pass(name: string, perMinute: number, now: number): Permit {
    const minute = Math.floor(now / MINUTE_MS);
    if (this.#namedMinute !== minute) {
      this.#namedMinute = minute;
      this.#named.clear();
    }
    const count = (this.#named.get(name) ?? 0) + 1;
    this.#named.set(name, count);
    if (count <= perMinute) return { ok: true };
    return { ok: false, reason: "rate", count, allowed: perMinute, reset: resetAfter(now) };
  }

  leave(ids: readonly ActivationId[]): void {
    for (const id of ids) this.#remove(id);
  }

  /** Epoch ms until which what is known here counts for the next who enters: the end of a minute, or of a place that is taken. */
  knownUntil(): number {
    const { invoke, fire } = this.#windows;
    const end = (Math.max(invoke.minute, fire.minute, this.#namedMinute) + 1) * MINUTE_MS;
    return this.#running.size === 0 ? end : Math.max(end, this.#lastExpiry);
  }

  #add(id: ActivationId, running: Running): void {
    this.#running.set(id, running);
    this.#count(running, 1);
    this.#nextExpiry = Math.min(this.#nextExpiry, running.expiresAt);
    this.#lastExpiry = Math.max(this.#lastExpiry, running.expiresAt);
  }

  #remove(id: ActivationId): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#count(running, -1);
  }

  #count({ counts, memory, action }: Running, step: 1 | -1): void {
    if (counts) this.#places += step;
    this.#memory += step * memory;
    if (action === undefined) return;
    const count = (this.#actions.get(action) ?? 0) + step;
    if (count > 0) this.#actions.set(action, count);
    else this.#actions.delete(action);
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
    for (const [id, { expiresAt }] of this.#running) {
      if (expiresAt <= now) this.#remove(id);
      else if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt;
    }
  }
}

/** ms until the next minute begins. */
function resetAfter(now: number): number {
  return MINUTE_MS - (now % MINUTE_MS);
}
