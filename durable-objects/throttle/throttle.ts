// The Durable Object that counts what a namespace with limits starts, one by the namespace's permanent id. It stores nothing.

import { DurableObject } from "cloudflare:workers";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import type { HoldRequest, Permit, PermitRequest, ThrottleRpc, ThrottleUsage } from "../../src/protocol/throttle.ts";
import { MINUTE_MS, Permits } from "./permits.ts";

export class Throttle extends DurableObject<Env> implements ThrottleRpc {
  readonly #permits = new Permits();
  #isStaying = false;

  async enter(request: PermitRequest): Promise<Permit> {
    const now = Date.now();
    const permit = this.#permits.enter(request, now);
    if (!this.#isStaying) this.#stay(now);
    return permit;
  }

  async hold(request: HoldRequest): Promise<Permit> {
    const now = Date.now();
    const permit = this.#permits.hold(request, now);
    if (!this.#isStaying) this.#stay(now);
    return permit;
  }

  async usage(): Promise<ThrottleUsage> {
    return this.#permits.usage(Date.now());
  }

  async pass(name: string, perMinute: number): Promise<Permit> {
    const now = Date.now();
    const permit = this.#permits.pass(name, perMinute, now);
    if (!this.#isStaying) this.#stay(now);
    return permit;
  }

  async leave(ids: ActivationId[]): Promise<void> {
    this.#permits.leave(ids);
  }

  /** An object that waits for nothing is dropped after ten idle seconds, with its counts. At most a minute at a time: places may
   * be given back before they expire. */
  #stay(now: number): void {
    const ms = Math.min(this.#permits.knownUntil() - now, MINUTE_MS);
    this.#isStaying = ms > 0;
    if (this.#isStaying) setTimeout(() => this.#stay(Date.now()), ms);
  }
}
