// The Durable Object at a namespace's door: leases on what was read of its entities, and permits to start activations.

import { DurableObject } from "cloudflare:workers";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import type { GateLease, GateRpc, Permit } from "../../src/protocol/rpc.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { type GateMemory, Leases } from "./leases.ts";
import { type Entry, Throttle } from "./throttle.ts";

type State = ReturnType<GateMemory["load"]>;

const KEY = "leases";
/** ms a watcher is kept at most, and how many are kept at a time; who comes beyond is told soon. */
const MAX_WATCH_AT = 30_000;
const MAX_WATCHERS = 1_000;
const SOON = 1_000;
const NOTHING: State = { epoch: 0, leasedUntil: 0, writes: [] };

export class Gate extends DurableObject<Env> implements GateRpc {
  readonly #throttle = new Throttle();
  readonly #leases: Leases;
  readonly #confirm: Confirm;
  readonly #watchers = new Set<() => void>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const { kv } = ctx.storage;
    this.#leases = new Leases(
      { load: () => kv.get<State>(KEY) ?? NOTHING, save: (state) => kv.put(KEY, state) },
      Date.now(),
    );
  }

  async lease(holder: string): Promise<GateLease> {
    return this.#leases.lease(holder, Date.now());
  }

  async enter(_holder: string, request: Entry): Promise<Permit> {
    return this.#throttle.enter(request, Date.now());
  }

  async leave(ids: ActivationId[]): Promise<void> {
    this.#throttle.leave(ids);
  }

  async beginWrite(holder: string): Promise<void> {
    const wait = this.#leases.beginWrite(holder, Date.now());
    this.#tell();
    if (wait > 0) await new Promise<void>((resolve) => setTimeout(resolve, wait));
    return this.#confirm(undefined);
  }

  async endWrite(holder: string): Promise<void> {
    this.#leases.endWrite(holder);
    this.#tell();
    return this.#confirm(undefined);
  }

  async watch(epoch: number, waitMs: number): Promise<number> {
    const crowded = this.#watchers.size >= MAX_WATCHERS;
    const most = Math.min(waitMs, crowded ? SOON : MAX_WATCH_AT);
    if (this.#leases.epoch === epoch) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#watchers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, most);
        if (!crowded) this.#watchers.add(done);
      });
    }
    return this.#leases.epoch;
  }

  #tell(): void {
    for (const tell of [...this.#watchers]) tell();
  }
}
