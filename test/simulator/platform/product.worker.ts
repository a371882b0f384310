// The product's object classes, for simulated worlds only.

import { Roster as ProductRoster } from "../../../durable-objects/roster/roster.ts";
import { RosterStore } from "../../../durable-objects/roster/roster-store.ts";
import { databaseOf } from "../../../durable-objects/shared/platform.ts";
import type { Env } from "../../../src/env.ts";

export { ActivationStore } from "../../../durable-objects/activations/activation-store.ts";
export { Composition } from "../../../durable-objects/composition/composition.ts";
export { InvokerScheduler } from "../../../durable-objects/scheduler/invoker-scheduler.ts";
export { Throttle } from "../../../durable-objects/throttle/throttle.ts";
export { openRecordSegments, openRecordTable } from "../../../src/storage/open.ts";

/** As an operator made it: the world's hosts have tokens. */
export class Roster extends ProductRoster {
  constructor(ctx: DurableObjectState, env: Env & { SIMULATED_HOSTS: string[] }) {
    super(ctx, env);
    const store = new RosterStore(databaseOf(ctx.storage));
    for (const name of env.SIMULATED_HOSTS) store.setHost(name, "", { now: 0, shards: 16 });
  }
}
