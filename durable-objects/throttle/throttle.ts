// The Durable Object that counts what a namespace with limits starts, one by the namespace's permanent id. It stores
// how far its windows of a minute may have come, and nothing else.

import { DurableObject } from "cloudflare:workers";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import type {
  HoldRequest,
  LeaseReport,
  LeaseRequest,
  Permit,
  PermitLease,
  PermitRequest,
  ThrottleRpc,
  ThrottleUsage,
} from "../../src/protocol/throttle.ts";
import { MINUTE_MS, Permits, type Windows } from "./permits.ts";

const WINDOWS = "windows";
/** ms, at most, for which a call waits until it is known what leases have used. */
const UNDECIDED_MS = 2_000;

export class Throttle extends DurableObject<Env> implements ThrottleRpc {
  readonly #permits: Permits;
  #isStaying = false;
  /** Resolves with the next report of a lease. */
  #settled = Promise.withResolvers<void>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#permits = new Permits(ctx.storage.kv.get<Windows>(WINDOWS));
  }

  async enter(request: PermitRequest): Promise<Permit> {
    if (request.settled !== undefined) await this.settle(request.settled);
    // Nobody is refused for what an isolate was given and has not used.
    const until = Date.now() + UNDECIDED_MS;
    for (let now = Date.now(); now < until; now = Date.now()) {
      const ms = this.#permits.undecided(request, now);
      if (ms === 0) break;
      await this.#nextReport(Math.min(ms, until - now));
    }
    const permit = this.#permits.enter(request, Date.now());
    this.#kept();
    return permit;
  }

  async lease(request: LeaseRequest): Promise<PermitLease | null> {
    const lease = this.#permits.lease(request, Date.now());
    this.#kept();
    return lease;
  }

  async settle(reports: LeaseReport[]): Promise<void> {
    this.#permits.settle(reports, Date.now());
    this.#settled.resolve();
    this.#settled = Promise.withResolvers();
    this.#kept();
  }

  async hold(request: HoldRequest): Promise<Permit> {
    const permit = this.#permits.hold(request, Date.now());
    this.#kept();
    return permit;
  }

  async usage(): Promise<ThrottleUsage> {
    return this.#permits.usage(Date.now());
  }

  async pass(name: string, perMinute: number): Promise<Permit> {
    const permit = this.#permits.pass(name, perMinute, Date.now());
    this.#kept();
    return permit;
  }

  async leave(ids: ActivationId[]): Promise<void> {
    this.#permits.leave(ids, Date.now());
  }

  /** Resolves with the next report of a lease, or after so many ms. */
  async #nextReport(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#settled.promise, over]);
    clearTimeout(timer);
  }

  /** The output gate: no answer leaves before what it rests on is written. */
  #kept(): void {
    const unwritten = this.#permits.unwritten();
    if (unwritten !== null) this.ctx.storage.kv.put(WINDOWS, unwritten);
    if (!this.#isStaying) this.#stay(Date.now());
  }

  /** An object that waits for nothing is dropped after ten idle seconds, with its counts. At most a minute at a time:
   * places may be given back before they expire. */
  #stay(now: number): void {
    const ms = Math.min(this.#permits.knownUntil() - now, MINUTE_MS);
    this.#isStaying = ms > 0;
    if (this.#isStaying) setTimeout(() => this.#stay(Date.now()), ms);
  }
}
