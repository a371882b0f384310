// Front door of the Worker: HTTP goes to the app, our own objects come in through Internal, and the objects' classes
// are named here for the platform.

import { assets } from "console:assets";
import { continueDeletion } from "./catalog/deletion.ts";
import { consoleOrigin } from "./console/server/origin.ts";
import { type Env, isConsoleHost } from "./env.ts";
import { makeApp } from "./http/app.ts";
import { deletionOf } from "./http/identity-contexts.ts";
import { consume } from "./http/sources/consume.ts";
import { makeInternal } from "./internal.ts";
import { log } from "./log.ts";
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
export { SourceFeeds } from "../durable-objects/sources/sources.ts";
export { Subscriptions } from "../durable-objects/subscriptions/subscriptions.ts";
export { Throttle } from "../durable-objects/throttle/throttle.ts";

export const Internal = makeInternal(servicesOf);

const app = makeApp(servicesOf);
const onConsole = consoleOrigin<Env>(assets, app.fetch);

/** The console's origin, for a port of its own. */
export const Console = { fetch: onConsole } satisfies ExportedHandler<Env>;

/** ms of each minute in which namespaces are deleted. */
const DELETING_MS = 20_000;

function deletingUntil(): { until: number } {
  return { until: Date.now() + DELETING_MS };
}

export default {
  fetch: (request, env, context) =>
    isConsoleHost(request, env) ? onConsole(request, env, context) : app.fetch(request, env, context),
  /** Nobody is tunnelled anywhere. Without this the platform calls each try an error of its own. */
  connect: (socket) => socket.close(),
  /** Messages of the queues that feeds hear. */
  async queue(batch, env) {
    const services = servicesOf(env);
    if (!services.ok || (await services.value.refusal()) !== null) return batch.retryAll({ delaySeconds: 60 });
    await consume(services.value, batch);
  },
  /** Every minute; under another name than a cron pattern only the schedules are looked after,
   * by who does so more often. */
  async scheduled({ cron, scheduledTime }, env) {
    const services = servicesOf(env);
    if (!services.ok || (await services.value.refusal()) !== null) return;
    const often = cron === SCHEDULES_ONLY;
    const turn = Math.floor(scheduledTime / (often ? 5_000 : 60_000));
    await doAll(
      {
        schedules: () => services.value.wakeSchedules(turn),
        sources: () => services.value.wakeSources(turn),
        ...(often
          ? {}
          : {
              ...services.value.chores(),
              deletions: () => continueDeletion(deletionOf(services.value), deletingUntil()),
            }),
      },
      (text) => log.error("chore-failed", { text }),
    );
  },
} satisfies ExportedHandler<Env>;
