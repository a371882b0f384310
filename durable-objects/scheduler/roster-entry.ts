// What the roster is told of a scheduler and its host. Pure.

import type { HostReport } from "../../src/protocol/messages.ts";
import { hostOfScheduler } from "../../src/protocol/names.ts";
import type { RosterEntry, SchedulerName } from "../../src/protocol/rpc.ts";

interface Circumstances {
  scheduler: SchedulerName;
  connected: boolean;
  draining: boolean;
  epoch: number;
  /** Epoch ms. */
  now: number;
}

export function entryOf(
  report: HostReport,
  { scheduler, connected, draining, epoch, now }: Circumstances,
): RosterEntry {
  return {
    scheduler,
    host: report.host,
    connected,
    ...(report.unhealthy === undefined ? {} : { unhealthy: report.unhealthy }),
    ...(report.impaired === undefined ? {} : { impaired: report.impaired }),
    ...(report.security === undefined ? {} : { security: report.security }),
    draining,
    memory: report.memory,
    engine: report.engine,
    build: report.build,
    blackbox: report.blackbox,
    runtimes: report.runtimes,
    ...(report.labels === undefined ? {} : { labels: report.labels }),
    since: now,
    epoch,
  };
}

/** Says only that the host is not there; the roster keeps the rest of what it knows. */
export function absenceOf(scheduler: SchedulerName, options: { now: number; epoch: number }): RosterEntry {
  const host = hostOfScheduler(scheduler);
  const nothing = { draining: false, memory: 0, engine: "", build: "", blackbox: false, runtimes: [] };
  return { scheduler, host, connected: false, ...nothing, since: options.now, epoch: options.epoch };
}
