// Shares of namespaces' limits that this isolate has for a moment, so that a call of a busy namespace asks nobody. Who
// calls now and then asks for each call; who calls again within a second is given a share with the answer, and in the
// background the next one before it is used up or over. Of each share its throttle is told what was used, and which
// calls by it still run.

import type { ActivationId } from "../entities/activation-id.ts";
import type {
  HoldRequest,
  LeaseReport,
  Permit,
  PermitLease,
  PermitRequest,
  ThrottleRpc,
  ThrottleUsage,
} from "../protocol/throttle.ts";

type Kind = PermitRequest["kind"];
type Later = (work: Promise<unknown>) => void;

/** What gives the permits of one namespace. `mayLease`: nobody but this isolate has to know of this call. */
export interface Permitting {
  enter(request: PermitRequest, options: { mayLease: boolean }): Permit | Promise<Permit>;
  hold(request: HoldRequest): Promise<Permit>;
  /** Null: nobody has to be told. */
  leave(ids: ActivationId[]): Promise<void> | null;
}

/** What the shares of an isolate ask of the world. */
export interface LeasePorts {
  /** A new handle each time: it belongs to the request that asks. */
  throttle(namespaceId: string): Pick<ThrottleRpc, "enter" | "hold" | "leave" | "lease" | "settle" | "usage">;
  now(): number;
  sleep(ms: number): Promise<unknown>;
  warn(text: string): void;
}

interface Share {
  lease: PermitLease;
  limits: string;
  used: number;
  free: number;
  /** Those by it that hold a place. */
  readonly taken: Set<ActivationId>;
  isRenewed: boolean;
  /** Epoch ms. */
  renewAt: number;
  until: number;
  expiresAt: number;
}

interface NamespaceShares {
  readonly shares: Map<Kind, Share>;
  /** When it was asked last, epoch ms. */
  readonly askedAt: Map<Kind, number>;
  /** Until when an answer with a lease is waited for. */
  readonly wishedUntil: Map<Kind, number>;
}

/** Two calls within this time (ms) are followed by more. */
const BUSY_MS = 1_000;
/** Namespaces remembered; past it those of which nothing is at hand are forgotten. */
const MAX_NAMESPACES = 10_000;
/** ms after which a wish that was not answered is given up. */
const WISH_MS = 5_000;
/** The part of a share's time after which the next one is asked for, and of its calls. */
const RENEW_AFTER = 0.5;

/** Of one isolate, for all namespaces. */
export class PermitLeases {
  readonly #ports: LeasePorts;
  readonly #holder: string;
  readonly #kept = new Map<string, NamespaceShares>();
  #wishes = 0;

  /** `holder`: names this isolate. */
  constructor(ports: LeasePorts, holder: string) {
    this.#ports = ports;
    this.#holder = holder;
  }

  /** `later`: of the request that calls. */
  of(namespaceId: string, later: Later): Permitting {
    return {
      enter: (request, { mayLease }) =>
        mayLease
          ? (this.#byShare(namespaceId, request, later) ?? this.#ask(namespaceId, request, later))
          : this.#ports.throttle(namespaceId).enter(request),
      hold: (request) => this.#hold(namespaceId, request),
      leave: (ids) => this.#leave(namespaceId, ids),
    };
  }

  /** With all that this isolate knows. */
  async usage(namespaceId: string): Promise<ThrottleUsage> {
    const reports = (["invoke", "fire"] as const).flatMap((kind) => this.#close(namespaceId, kind));
    if (reports.length > 0) await this.#ports.throttle(namespaceId).settle(reports);
    return this.#ports.throttle(namespaceId).usage();
  }

  #byShare(
    namespaceId: string,
    { id, kind, limits, count = 1, expiresAt }: PermitRequest,
    later: Later,
  ): Permit | null {
    const share = this.#kept.get(namespaceId)?.shares.get(kind);
    if (share === undefined) return null;
    const now = this.#ports.now();
    const left = share.lease.calls - share.used;
    if (now >= share.until || left < count || limitsOf(limits) !== share.limits) return null;
    const takes = kind === "invoke";
    if (takes && share.free === 0) return null;
    share.used += count;
    share.expiresAt = expiresAt;
    if (takes) {
      share.free--;
      share.taken.add(id);
    }
    const isLow = left < share.lease.calls * RENEW_AFTER;
    if (!share.isRenewed && (isLow || now >= share.renewAt)) {
      share.isRenewed = true;
      later(this.#renew(namespaceId, { kind, limits }, later));
    }
    return takes ? { ok: true, running: share.lease.running + share.taken.size } : { ok: true };
  }

  async #ask(namespaceId: string, request: PermitRequest, later: Later): Promise<Permit> {
    const { kind } = request;
    const asked = this.#ports.now();
    const { askedAt } = this.#of(namespaceId);
    const isBusy = asked < (askedAt.get(kind) ?? Number.NEGATIVE_INFINITY) + BUSY_MS;
    askedAt.set(kind, asked);
    const settled = this.#close(namespaceId, kind);
    const wish = isBusy ? this.#wish(namespaceId, kind) : null;
    const permit = await this.#ports.throttle(namespaceId).enter({
      ...request,
      ...(settled.length === 0 ? {} : { settled }),
      ...(wish === null ? {} : { wish }),
    });
    if (wish !== null) this.#of(namespaceId).wishedUntil.delete(kind);
    if (permit.ok && permit.lease !== undefined) {
      this.#take(namespaceId, { ...request, lease: permit.lease, asked }, later);
    }
    return permit;
  }

  /** Never rejects: who finds no share asks. */
  async #renew(
    namespaceId: string,
    { kind, limits }: Pick<PermitRequest, "kind" | "limits">,
    later: Later,
  ): Promise<void> {
    const asked = this.#ports.now();
    const wish = this.#wish(namespaceId, kind);
    if (wish === null) return;
    try {
      const lease = await this.#ports.throttle(namespaceId).lease({ kind, limits, wish });
      if (lease === null) return;
      const settled = this.#close(namespaceId, kind);
      this.#take(namespaceId, { kind, limits, lease, asked }, later);
      if (settled.length > 0) await this.#ports.throttle(namespaceId).settle(settled);
    } catch (error) {
      this.#ports.warn(`a share of a namespace's limits was not renewed: ${String(error)}`);
    } finally {
      this.#of(namespaceId).wishedUntil.delete(kind);
    }
  }

  #take(
    namespaceId: string,
    { kind, limits, lease, asked }: Pick<PermitRequest, "kind" | "limits"> & { lease: PermitLease; asked: number },
    later: Later,
  ): void {
    const share: Share = {
      ...{ lease, limits: limitsOf(limits), used: 0, free: lease.places, taken: new Set() },
      ...{ isRenewed: false, renewAt: asked + lease.ttl * RENEW_AFTER, until: asked + lease.ttl, expiresAt: 0 },
    };
    this.#of(namespaceId).shares.set(kind, share);
    later(this.#over(namespaceId, kind, share));
  }

  /** Tells of a share that nobody replaces. Never rejects: its throttle does not wait for it for ever. */
  async #over(namespaceId: string, kind: Kind, share: Share): Promise<void> {
    await this.#ports.sleep(Math.max(0, share.until - this.#ports.now()));
    if (this.#kept.get(namespaceId)?.shares.get(kind) !== share) return;
    try {
      await this.#ports.throttle(namespaceId).settle(this.#close(namespaceId, kind));
    } catch (error) {
      this.#ports.warn(`a share of a namespace's limits was not given back: ${String(error)}`);
    }
  }

  async #hold(namespaceId: string, request: HoldRequest): Promise<Permit> {
    const share = this.#kept.get(namespaceId)?.shares.get("invoke");
    const isTaken = share?.taken.has(request.id) === true;
    const lease = isTaken ? { lease: share.lease.id } : {};
    const permit = await this.#ports.throttle(namespaceId).hold({ ...request, ...lease });
    // Its throttle knows its place by name now.
    if (permit.ok) share?.taken.delete(request.id);
    return permit;
  }

  #leave(namespaceId: string, ids: readonly ActivationId[]): Promise<void> | null {
    const share = this.#kept.get(namespaceId)?.shares.get("invoke");
    const others = ids.filter((id) => share?.taken.delete(id) !== true);
    if (share !== undefined) share.free += ids.length - others.length;
    return others.length === 0 ? null : this.#ports.throttle(namespaceId).leave(others);
  }

  /** What is to be told of the share that is used no more. */
  #close(namespaceId: string, kind: Kind): LeaseReport[] {
    const shares = this.#kept.get(namespaceId)?.shares;
    const share = shares?.get(kind);
    if (share === undefined) return [];
    shares?.delete(kind);
    const { lease, used, taken, expiresAt } = share;
    return [{ id: lease.id, used, running: [...taken], expiresAt }];
  }

  /** Null where one is on its way. */
  #wish(namespaceId: string, kind: Kind): string | null {
    const { wishedUntil } = this.#of(namespaceId);
    const now = this.#ports.now();
    if (now < (wishedUntil.get(kind) ?? 0)) return null;
    wishedUntil.set(kind, now + WISH_MS);
    return `${this.#holder}:${this.#wishes++}`;
  }

  #of(namespaceId: string): NamespaceShares {
    let kept = this.#kept.get(namespaceId);
    if (kept === undefined) {
      if (this.#kept.size >= MAX_NAMESPACES) {
        for (const [id, { shares }] of this.#kept) if (shares.size === 0) this.#kept.delete(id);
      }
      kept = { shares: new Map(), askedAt: new Map(), wishedUntil: new Map() };
      this.#kept.set(namespaceId, kept);
    }
    return kept;
  }
}

/** Shares are of equal limits only: keys of a namespace may have lower ones, and they may have been changed. */
function limitsOf({ invocationsPerMinute, concurrentInvocations, firesPerMinute }: PermitRequest["limits"]): string {
  return `${invocationsPerMinute}:${concurrentInvocations}:${firesPerMinute}`;
}
