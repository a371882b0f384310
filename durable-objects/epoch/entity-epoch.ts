// The Durable Object that keeps the epoch of one namespace's entities and keys, by the namespace's name: leases to
// isolates, and the writes that raise it.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../src/env.ts";
import type { EntityEpochRpc, EpochLease } from "../../src/protocol/rpc.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { platformPorts } from "../shared/platform.ts";
import type { ObjectPorts } from "../shared/ports.ts";
import { pause } from "../shared/retry.ts";
import { EpochLeases, type EpochState } from "./epoch-leases.ts";
import { Watchers } from "./watchers.ts";

const KEY = "leases";

export class EntityEpoch extends DurableObject<Env> implements EntityEpochRpc {
  readonly #ports: ObjectPorts;
  readonly #leases: EpochLeases;
  readonly #watchers: Watchers;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    this.#ports = platformPorts(ctx, `epoch ${ctx.id.name}`, env);
    this.#watchers = new Watchers(this.#ports.after);
    const { kv } = ctx.storage;
    this.#leases = new EpochLeases(
      { load: () => kv.get<EpochState>(KEY), save: (state) => kv.put(KEY, state) },
      this.#ports.now(),
    );
  }

  async lease(holder: string): Promise<EpochLease> {
    return this.#leases.lease(holder, this.#ports.now());
  }

  async beginWrite(holder: string): Promise<void> {
    const wait = this.#leases.beginWrite(holder, this.#ports.now());
    this.#watchers.tell();
    if (wait > 0) await pause(this.#ports, wait);
    return this.#confirm(undefined);
  }

  async endWrite(holder: string): Promise<void> {
    this.#leases.endWrite(holder);
    this.#watchers.tell();
    return this.#confirm(undefined);
  }

  async watch(epoch: number, waitMs: number): Promise<number> {
    if (this.#leases.epoch === epoch) await this.#watchers.wait(waitMs);
    return this.#leases.epoch;
  }
}
