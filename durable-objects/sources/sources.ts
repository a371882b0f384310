// The Durable Object that keeps the feeds of a namespace's sources: takes calls and the alarm, and hands them to the
// core. What its methods return has been written when the reply leaves.

import type { SourceView } from "../../src/entities/source.ts";
import type { Env } from "../../src/env.ts";
import type { PutSource, SourceHelpRpc, SourcesRpc, TakenMessage } from "../../src/protocol/sources.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { ErasableObject } from "../shared/erasable.ts";
import { databaseOf, platformPorts } from "../shared/platform.ts";
import { SourcesCore } from "./core.ts";

export class SourceFeeds extends ErasableObject implements SourcesRpc {
  readonly #core: SourcesCore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const exports = ctx.exports as unknown as { Internal: SourceHelpRpc };
    this.#core = new SourcesCore({
      database: databaseOf(ctx.storage),
      ports: {
        ...platformPorts(ctx, `sources ${ctx.id.name}`, env),
        worker: {
          fireSlots: (namespace, slots) => exports.Internal.fireSlots(namespace, slots),
          readSource: (asked) => exports.Internal.readSource(asked),
        },
        fresh: () => crypto.randomUUID(),
      },
    });
  }

  async put(source: PutSource): Promise<"put" | "full" | "changed"> {
    return this.#confirm(this.#core.put(source));
  }

  async find(trigger: string): Promise<{ view: SourceView; revision: string } | null> {
    return this.#core.find(trigger);
  }

  async pause(trigger: string, on: boolean): Promise<boolean> {
    return this.#confirm(this.#core.pause(trigger, on));
  }

  async remove(trigger: string): Promise<boolean> {
    return this.#confirm(this.#core.remove(trigger));
  }

  async take(queue: string, messages: TakenMessage[]): Promise<("taken" | "again")[]> {
    return this.#confirm(this.#core.take(queue, messages));
  }

  async wake(): Promise<void> {
    this.#core.wake();
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
  }
}
