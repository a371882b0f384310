// Front door of the Worker: HTTP goes to the app, our own objects come in through Internal, and the objects' classes are
// named here for the platform.

import { continueDeletion } from "./catalog/deletion.ts";
import type { Env } from "./env.ts";
import { deletionOf } from "./http/admin/contexts.ts";
import { makeApp } from "./http/app.ts";
import { makeInternal } from "./internal.ts";
import { SCHEDULES_ONLY } from "./protocol/schedule.ts";
import { doAll } from "./services/chores.ts";
import { servicesOf } from "./services/services.ts";

export { ActivationStore } from "../durable-objects/activations/activation-store.ts";
export { Composition } from "../durable-objects/composition/composition.ts";
export { EntityEpoch } from "../durable-objects/epoch/entity-epoch.ts";
export { Metrics } from "../durable-objects/metrics/metrics.ts";
export { Roster } from "../durable-objects/roster/roster.ts";
export { Schedule } from "../durable-objects/schedule/schedule.ts";
export { InvokerScheduler } from "../durable-objects/scheduler/invoker-scheduler.ts";
export { Sinks } from "../durable-objects/sinks/sinks.ts";
export { Subscriptions } from "../durable-objects/subscriptions/subscriptions.ts";
export { Throttle } from "../durable-objects/throttle/throttle.ts";

export const Internal = makeInternal(servicesOf);

const app = makeApp(servicesOf);

/** ms of each minute in which namespaces are deleted. */
const DELETING_MS = 20_000;

function deletingUntil(): { until: number } {
  return { until: Date.now() + DELETING_MS };
}

export default {
  fetch: app.fetch,
  /** Nobody is tunnelled anywhere. Without this the platform calls each try an error of its own. */
  connect: (socket) => socket.close(),
  /** Every minute; under another name than a cron pattern only the schedules are looked after, by who does so more often. */
  async scheduled({ cron, scheduledTime }, env) {
    const services = servicesOf(env);
    if (!services.ok || (await services.value.refusal()) !== null) return;
    const often = cron === SCHEDULES_ONLY;
    const turn = Math.floor(scheduledTime / (often ? 5_000 : 60_000));
    await doAll(
      {
        schedules: () => services.value.wakeSchedules(turn),
        ...(often
          ? {}
          : {
              ...services.value.chores(),
              deletions: () => continueDeletion(deletionOf(services.value), deletingUntil()),
            }),
      },
      console.error,
    );
  },
} satisfies ExportedHandler<Env>;
