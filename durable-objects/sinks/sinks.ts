// The Durable Object that keeps a namespace's sinks: takes calls and the alarm, and hands them to the core. What its
// methods return has been written when the reply leaves.

import type { SinkSettings } from "../../src/entities/sink.ts";
import type { Env } from "../../src/env.ts";
import { storeOfShard } from "../../src/protocol/names.ts";
import type {
  DeadLetter,
  FollowRpc,
  SinkEvent,
  SinkHelpRpc,
  SinkOf,
  SinksRpc,
  SinkView,
} from "../../src/protocol/sinks.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { ErasableObject } from "../shared/erasable.ts";
import { databaseOf, platformPorts } from "../shared/platform.ts";
import { SinksCore } from "./core.ts";

export class Sinks extends ErasableObject implements SinksRpc {
  readonly #core: SinksCore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const exports = ctx.exports as unknown as { Internal: SinkHelpRpc };
    this.#core = new SinksCore({
      database: databaseOf(ctx.storage),
      ports: {
        ...platformPorts(ctx, `sinks ${ctx.id.name}`, env),
        worker: { deliver: (...asked) => exports.Internal.deliver(...asked) },
        store: (namespaceId, shard) =>
          env.ACTIVATIONS.getByName(storeOfShard(namespaceId, shard)) as unknown as FollowRpc,
      },
    });
  }

  async put(of: SinkOf, settings: SinkSettings, about: Parameters<SinksRpc["put"]>[2]): Promise<boolean> {
    return this.#confirm(await this.#core.put(of, settings, about));
  }

  async remove(of: SinkOf, about: { shards: number }): Promise<boolean> {
    return this.#confirm(await this.#core.remove(of, about));
  }

  async views(): Promise<SinkView[]> {
    return this.#core.views();
  }

  async letters(of: SinkOf, page: { limit: number; skip: number }): Promise<DeadLetter[]> {
    return this.#core.letters(of, page);
  }

  async again(of: SinkOf, ids: string[] | null): Promise<number> {
    return this.#confirm(this.#core.again(of, ids));
  }

  async take(events: SinkEvent[]): Promise<void> {
    return this.#confirm(this.#core.take(events));
  }

  async wake(): Promise<void> {
    this.#core.wake();
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
  }
}
