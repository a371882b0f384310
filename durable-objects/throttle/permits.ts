// What a namespace may start: invokes and fires per minute, activations at a time, and what they hold: memory,
// instances of an action. Fixed one-minute windows; a refused request counts too. Of the windows it is written down, a
// block ahead, how far they may have come: a new incarnation goes on from there, and so grants never more in a minute
// than the limit. What runs is soft: a new incarnation knows of none. Pure.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import {
  DEFAULT_CONCURRENT,
  DEFAULT_FIRES_PER_MINUTE,
  DEFAULT_INVOCATIONS_PER_MINUTE,
} from "../../src/entities/limits.ts";
import { UNLIMITED } from "../../src/entities/throttle.ts";
import type {
  HoldRequest,
  LeaseReport,
  LeaseRequest,
  Permit,
  PermitLease,
  PermitRequest,
  ThrottleUsage,
} from "../../src/protocol/throttle.ts";
import { Leases } from "./leases.ts";

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

/** How far each window may have come, to be written down before what was granted leaves. */
export type Windows = Readonly<Record<PermitRequest["kind"], Readonly<Window>>>;

const NONE: Windows = { invoke: { minute: -1, count: 0 }, fire: { minute: -1, count: 0 } };
/** Blocks of a window: as often is it written in a minute, and as much of the limit a new incarnation may leave
 * ungranted in the one in which it begins. */
const BLOCKS = 10;
/** Minutes by which the clock of a new incarnation may be behind that of the one before. */
const CLOCKS_APART = 2;

export class Permits {
  readonly #windows: Record<PermitRequest["kind"], Window>;
  #written: Windows;
  #isWritten = true;
  /** Of what has a name of its own, in the minute that was counted last. */
  readonly #named = new Map<string, number>();
  #namedMinute = -1;
  readonly #leases = new Leases();
  readonly #running = new Map<ActivationId, Running>();
  /** Of those: places taken, MB held, and how many of each action. */
  #places = 0;
  #memory = 0;
  readonly #actions = new Map<string, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;
  #lastExpiry = 0;

  /** `written`: by the incarnation before. */
  constructor(written: Windows = NONE) {
    this.#written = written;
    this.#windows = { invoke: { ...written.invoke }, fire: { ...written.fire } };
  }

  /** What is to be written before the answer leaves; null: what is written covers it. */
  unwritten(): Windows | null {
    if (this.#isWritten) return null;
    this.#isWritten = true;
    return this.#written;
  }

  /** ms for which it is not known whether to refuse it, since leases are out that may have been used or not.
   * 0: it is. */
  undecided({ kind, limits, count = 1 }: PermitRequest, now: number): number {
    this.#expire(now);
    const { minute, calls } = this.#windowNow(kind, now);
    const lentCalls = this.#leases.calls(kind, minute);
    const lentPlaces = this.#leases.places();
    const isFull =
      kind === "invoke" && this.#places + lentPlaces >= (limits.concurrentInvocations ?? DEFAULT_CONCURRENT);
    const waits = (lentCalls > 0 && calls + count > perMinuteOf(kind, limits)) || (lentPlaces > 0 && isFull);
    return waits ? Math.max(1, this.#leases.last() - now) : 0;
  }

  enter(request: PermitRequest, now: number): Permit {
    const { kind, limits } = request;
    const perMinute = perMinuteOf(kind, limits);
    const count = this.#charge(kind, { now, count: request.count ?? 1, perMinute });
    if (count > perMinute) return { ok: false, reason: "rate", count, allowed: perMinute, reset: resetAfter(now) };
    this.#cover(kind, perMinute);
    const { wish } = request;
    if (kind === "fire") return { ok: true, ...this.#leased({ kind, limits, wish }, now) };
    const allowed = limits.concurrentInvocations ?? DEFAULT_CONCURRENT;
    this.#expire(now);
    if (this.#places + this.#leases.places() >= allowed) {
      return { ok: false, reason: "concurrency", count: this.#places, allowed };
    }
    this.#add(request.id, { expiresAt: request.expiresAt, memory: 0, counts: true });
    return { ok: true, running: this.#places, ...this.#leased({ kind, limits, wish }, now) };
  }

  /** A share of what is free now, for one isolate. */
  lease({ kind, limits, wish }: LeaseRequest, now: number): PermitLease | null {
    this.#expire(now);
    const perMinute = perMinuteOf(kind, limits);
    const { minute, calls } = this.#windowNow(kind, now);
    const allowed = limits.concurrentInvocations ?? DEFAULT_CONCURRENT;
    const free = {
      ...{ kind, minute, left: resetAfter(now) },
      calls: perMinute - calls,
      mostCalls: Math.ceil(perMinute / BLOCKS),
      places: kind === "fire" ? null : allowed - this.#places - this.#leases.places(),
    };
    const lease = this.#leases.grant(wish, free, now);
    if (lease === null) return null;
    this.#charge(kind, { now, count: lease.calls, perMinute });
    this.#cover(kind, perMinute);
    return { ...lease, running: this.#places };
  }

  /** What was not used counts no more; what still runs has a name from now on. */
  settle(reports: readonly LeaseReport[], now: number): void {
    this.#expire(now);
    for (const { id, used, running, expiresAt } of reports) {
      const granted = this.#leases.end(id);
      const window = granted === null ? null : this.#windows[granted.kind];
      if (granted !== null && window?.minute === granted.minute) {
        window.count -= Math.max(0, granted.calls - Math.max(0, used));
      }
      for (const each of running) {
        if (this.#leases.hasLeft(each)) continue;
        const before = this.#running.get(each);
        this.#remove(each);
        this.#add(each, { memory: 0, ...before, expiresAt, counts: true });
      }
    }
  }

  /** Beside what `enter` has counted, or without it where nothing limits that.
   * Asked twice for the same it is held once. */
  hold({ id, memory, action, expiresAt, lease }: HoldRequest, now: number): Permit {
    this.#expire(now);
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
    if (lease !== undefined && before?.counts !== true) this.#leases.name(lease);
    const counts = before?.counts === true || lease !== undefined;
    this.#add(id, { expiresAt, memory: memory.wanted, action: action.path, counts });
    return { ok: true };
  }

  usage(now: number): ThrottleUsage {
    this.#expire(now);
    const of = (kind: PermitRequest["kind"]) => {
      const { minute, calls } = this.#windowNow(kind, now);
      return calls - this.#leases.calls(kind, minute);
    };
    return {
      invocationsThisMinute: of("invoke"),
      firesThisMinute: of("fire"),
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

  leave(ids: readonly ActivationId[], now: number): void {
    for (const id of ids) {
      if (!this.#running.has(id)) this.#leases.leftEarly(id, now);
      this.#remove(id);
    }
  }

  /** Epoch ms until which what is known here counts for the next who enters: the end of a minute,
   * or of a place that is taken. */
  knownUntil(): number {
    const { invoke, fire } = this.#windows;
    const minutes = (Math.max(invoke.minute, fire.minute, this.#namedMinute) + 1) * MINUTE_MS;
    const end = Math.max(minutes, this.#leases.last());
    return this.#running.size === 0 ? end : Math.max(end, this.#lastExpiry);
  }

  #leased({ wish, ...of }: Omit<LeaseRequest, "wish"> & { wish: string | undefined }, now: number) {
    const lease = wish === undefined ? null : this.lease({ ...of, wish }, now);
    return lease === null ? {} : { lease };
  }

  /** The window that is counted in now, and how far it has come. */
  #windowNow(kind: PermitRequest["kind"], now: number): { minute: number; calls: number } {
    const window = this.#windows[kind];
    const minute = minuteOf(window, now);
    return { minute, calls: window.minute === minute ? window.count : 0 };
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
    const minute = minuteOf(window, now);
    if (window.minute !== minute) {
      window.minute = minute;
      window.count = 0;
    }
    const charged = window.count + count;
    window.count = charged > perMinute ? window.count + 1 : charged;
    return charged;
  }

  /** Notes how far the window may come, where what is noted does not reach as far as it has come. */
  #cover(kind: PermitRequest["kind"], perMinute: number): void {
    const { minute, count } = this.#windows[kind];
    const noted = this.#written[kind];
    if (perMinute === UNLIMITED || (noted.minute === minute && noted.count >= count)) return;
    const ahead = Math.min(perMinute, count - 1 + Math.ceil(perMinute / BLOCKS));
    this.#written = { ...this.#written, [kind]: { minute, count: Math.max(count, ahead) } };
    this.#isWritten = false;
  }

  #expire(now: number): void {
    this.#leases.expire(now);
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [id, { expiresAt }] of this.#running) {
      if (expiresAt <= now) this.#remove(id);
      else if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt;
    }
  }
}

function perMinuteOf(kind: PermitRequest["kind"], limits: PermitRequest["limits"]): number {
  return kind === "invoke"
    ? (limits.invocationsPerMinute ?? DEFAULT_INVOCATIONS_PER_MINUTE)
    : (limits.firesPerMinute ?? DEFAULT_FIRES_PER_MINUTE);
}

/** The minute that it is, or that of the window, if only a clock that is behind says otherwise. */
function minuteOf(window: Window, now: number): number {
  const minute = Math.floor(now / MINUTE_MS);
  return window.minute > minute && window.minute <= minute + CLOCKS_APART ? window.minute : minute;
}

/** ms until the next minute begins. */
function resetAfter(now: number): number {
  return MINUTE_MS - (now % MINUTE_MS);
}
