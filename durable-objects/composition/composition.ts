// The Durable Object that runs the sequences and conductors of one namespace and shard: takes calls and the alarm, and
// hands them to the core. What its methods return has been written when the reply leaves.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { type Env, longestRun } from "../../src/env.ts";
import type {
  CompositionRpc,
  CompositionRun,
  RunReply,
  StepReply,
  StepRequest,
} from "../../src/protocol/composition.ts";
import { openBlobs } from "../../src/storage/open.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { ErasableObject } from "../shared/erasable.ts";
import { databaseOf, platformPorts } from "../shared/platform.ts";
import { CompositionCore } from "./core.ts";
import type { CompositionPorts } from "./ports.ts";

/** The Worker's door for our own objects, as far as this one knocks. */
interface Worker {
  Internal: { step(request: StepRequest): Promise<StepReply> };
}

export class Composition extends ErasableObject implements CompositionRpc {
  readonly #core: CompositionCore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    const { storage } = ctx;
    const name = ctx.id.name;
    if (name === undefined) throw new Error("a composition object is addressed by its name only");
    this.#core = new CompositionCore({ database: databaseOf(storage), ports: this.#ports(name) });
  }

  async run(run: CompositionRun, options: { waitMs: number }): Promise<RunReply> {
    return this.#confirm(await this.#core.run(run, options));
  }

  async runs(id: ActivationId): Promise<boolean> {
    return this.#core.runs(id);
  }

  async involved(ids: ActivationId[]): Promise<ActivationId[]> {
    return this.#core.involved(ids);
  }

  async backlog(): Promise<{ running: number }> {
    return this.#core.backlog();
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
  }

  #ports(name: string): CompositionPorts {
    const { env, ctx } = this;
    const worker = ctx.exports as unknown as Worker;
    return {
      ...platformPorts(ctx, `composition ${name}`, env),
      step: (request) => worker.Internal.step(request),
      store: () => env.ACTIVATIONS.getByName(name),
      blobs: openBlobs(env),
      longest: longestRun(env),
    };
  }
}
