// An orderly end: refuse what is new, let finish what runs, then wait until the store has confirmed the records. Each
// step has its deadline; what is not confirmed by then stays on disk for the next start.

import type { Containers } from "./container/contract.ts";
import type { SchedulerLink } from "./link/scheduler-link.ts";
import type { Logger } from "./program/logger.ts";
import type { RunController } from "./runs/run-controller.ts";

export interface Draining {
  controller: Pick<RunController, "drain" | "running" | "unconfirmed">;
  links: readonly Pick<SchedulerLink, "open">[];
  containers: Pick<Containers, "stop">;
  log: Logger;
}

/** ms for records to be confirmed after the last run has ended. */
const CONFIRMATION_MS = 3_000;
const STEP_MS = 20;

/** Resolves to the number of records left on disk. */
export async function drainHost(parts: Draining, options: { patience: number }): Promise<number> {
  const { controller, links, containers, log } = parts;
  log.info("drain.start", { running: controller.running, unconfirmed: controller.unconfirmed });
  controller.drain();
  await until(() => controller.running === 0, options.patience);
  if (controller.running > 0) log.warn("drain.cut", { running: controller.running });
  await containers.stop({ fast: false });
  const confirmed = () =>
    controller.running === 0 && (controller.unconfirmed === 0 || links.every((link) => !link.open));
  await until(confirmed, CONFIRMATION_MS);
  log.info("drain.end", { running: controller.running, unconfirmed: controller.unconfirmed });
  return controller.unconfirmed;
}

async function until(done: () => boolean, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
}
