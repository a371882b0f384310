// Shares of a namespace's limits that isolates have for a short while, so that their calls need not ask. What is shared
// out is counted from that moment on: calls in the minute, places among those at a time. An isolate that says in time
// what it has used gets nothing for nothing; of one that is not heard of all calls count as made, and its places are
// free again. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { PermitLease, PermitRequest } from "../../src/protocol/throttle.ts";

/** ms for which an isolate may use what it was given, and after which what it says of it is not waited for any more. */
const LEASE_MS = 1_000;
const WAITED_MS = 2_000;
/** What little there is left of a minute (ms) is not shared out. */
const LEAST_MS = 50;
/** Of what is free so much is shared out at once: one in this many. */
const PART = 4;
const MAX_CALLS = 100_000;
const MAX_PLACES = 1_000;
/** Ids that left before anybody said that they hold a place, and ms for which they are remembered. */
const MAX_EARLY = 10_000;
const EARLY_MS = 10_000;

type Kind = PermitRequest["kind"];

interface Granted {
  kind: Kind;
  minute: number;
  calls: number;
  places: number;
  /** Epoch ms. */
  expiresAt: number;
}

/** What is free, and how much at most in one share. */
export interface UnusedLimits {
  kind: Kind;
  minute: number;
  calls: number;
  mostCalls: number;
  /** Null: it takes none. */
  places: number | null;
  /** ms that are left of the minute. */
  left: number;
}

export class Leases {
  readonly #granted = new Map<string, Granted>();
  /** By when they left, epoch ms. */
  readonly #early = new Map<ActivationId, number>();
  #grantedAt = Number.NEGATIVE_INFINITY;

  /** Null where too little is free to be shared out. */
  grant(id: string, free: UnusedLimits, now: number): Omit<PermitLease, "running"> | null {
    const ttl = Math.min(LEASE_MS, free.left);
    const calls = Math.min(Math.floor(free.calls / PART), free.mostCalls, MAX_CALLS);
    const places = free.places === null ? 0 : Math.min(Math.floor(free.places / PART), MAX_PLACES);
    if (calls < 2 || ttl < LEAST_MS || (free.places !== null && places === 0)) return null;
    this.#grantedAt = now;
    this.#granted.set(id, { ...{ kind: free.kind, minute: free.minute, calls, places }, expiresAt: now + WAITED_MS });
    return { id, calls, places, ttl };
  }

  /** What it was, if it is known still. */
  end(id: string): Readonly<Granted> | null {
    const granted = this.#granted.get(id) ?? null;
    this.#granted.delete(id);
    return granted;
  }

  /** One of its places has a name from now on. */
  name(id: string): void {
    const granted = this.#granted.get(id);
    if (granted !== undefined && granted.places > 0) granted.places--;
  }

  /** Calls of this minute that may have been made or not. */
  calls(kind: Kind, minute: number): number {
    let calls = 0;
    for (const each of this.#granted.values()) if (each.kind === kind && each.minute === minute) calls += each.calls;
    return calls;
  }

  /** Places that may be taken or not. */
  places(): number {
    let places = 0;
    for (const each of this.#granted.values()) places += each.places;
    return places;
  }

  /** Epoch ms at which the last of them is not waited for any more; 0 where there is none. */
  last(): number {
    let last = 0;
    for (const { expiresAt } of this.#granted.values()) last = Math.max(last, expiresAt);
    return last;
  }

  expire(now: number): void {
    for (const [id, { expiresAt }] of this.#granted) if (expiresAt <= now) this.#granted.delete(id);
    for (const [id, at] of this.#early) {
      if (at + EARLY_MS > now) return;
      this.#early.delete(id);
    }
  }

  /** It has ended, and may yet be told to hold a place. */
  leftEarly(id: ActivationId, now: number): void {
    if (this.#grantedAt + EARLY_MS <= now) return;
    const [oldest] = this.#early.keys();
    if (oldest !== undefined && this.#early.size >= MAX_EARLY) this.#early.delete(oldest);
    this.#early.set(id, now);
  }

  hasLeft(id: ActivationId): boolean {
    return this.#early.delete(id);
  }
}
