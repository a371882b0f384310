// The one Durable Object that says which host runs which subscription. What its methods return has been written when
// the reply leaves.

import { DurableObject } from "cloudflare:workers";
import type { SubscriptionView } from "../../src/entities/subscription.ts";
import type { Env } from "../../src/env.ts";
import type { Admission, HostTurn, MessageKey, SubscriptionsRpc } from "../../src/protocol/subscriptions.ts";
import { openSubscriptionDefinitions } from "../../src/storage/open.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { databaseOf } from "../shared/platform.ts";
import { SubscriptionsCore } from "./core.ts";

export class Subscriptions extends DurableObject<Env> implements SubscriptionsRpc {
  readonly #core: SubscriptionsCore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const ports = { now: () => Date.now(), definitions: () => openSubscriptionDefinitions(env) };
    this.#core = new SubscriptionsCore({ database: databaseOf(ctx.storage), ports });
  }

  async changed(): Promise<void> {
    await this.#core.changed();
  }

  async turn(host: string, turn: HostTurn): ReturnType<SubscriptionsRpc["turn"]> {
    return this.#core.turn(host, turn);
  }

  async admit(host: string, asked: Admission): Promise<MessageKey[] | null> {
    const marks = await this.#core.admit(host, asked);
    return asked.packets.length + asked.released.length === 0 ? marks : this.#confirm(marks);
  }

  async stop(id: string, revision: string, reason: string): Promise<void> {
    return this.#confirm(this.#core.stop(id, revision, reason));
  }

  async view(id: string): Promise<SubscriptionView | null> {
    return this.#core.view(id);
  }
}
