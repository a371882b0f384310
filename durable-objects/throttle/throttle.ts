// The Durable Object that counts what a namespace with limits starts, one by the namespace's permanent id. It stores nothing.

import { DurableObject } from "cloudflare:workers";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import type { Permit, PermitRequest, ThrottleRpc } from "../../src/protocol/rpc.ts";
import { Permits } from "./permits.ts";

export class Throttle extends DurableObject<Env> implements ThrottleRpc {
  readonly #permits = new Permits();

  async enter(request: PermitRequest): Promise<Permit> {
    return this.#permits.enter(request, Date.now());
  }

  async leave(ids: ActivationId[]): Promise<void> {
    this.#permits.leave(ids);
  }
}
