// What the parts of a scheduler share: one state per incarnation.

import type { Completion } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { argsKey } from "../../src/entities/blob-keys.ts";
import type { Finished, RosterEntry, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import { Capacity } from "./capacity.ts";
import { Denials } from "./denials.ts";
import { Grants } from "./grants.ts";
import { HostLink } from "./host-link.ts";
import { Leases, type Run } from "./leases.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { RecordBatcher } from "./record-batcher.ts";
import type { StatusReporter } from "./status-reporter.ts";
import type { WorkPuller } from "./work-puller.ts";

export interface SchedulerState {
  readonly name: SchedulerName;
  /** 0 until this incarnation has taken one. Differs for each boot of the host it was taken for. */
  epoch: number;
  /** Boot id of the host this epoch was taken for; "" before. */
  boot: string;
  draining: boolean;
  /** Epoch ms until which nothing is admitted that needs a container more: the host has just refused what should fit. */
  crowdedUntil: number;
  /** Such refusals since it last ran something to its end. */
  crowds: number;
  readonly denials: Denials;
  readonly link: HostLink;
  readonly capacity: Capacity;
  readonly leases: Leases;
  readonly grants: Grants;
  /** Epoch ms from which on leases are proofs. */
  provenSince: number;
  /** Words of its host that nobody vouched for, in this incarnation. */
  strangers: number;
  readonly outbox: RecordBatcher;
  /** Records the host has said it keeps, which have not come yet. */
  readonly kept: Set<ActivationId>;
  readonly puller: WorkPuller;
  readonly announcer: StatusReporter;
  /** Gives back the run's memory, once. */
  free(run: Run): void;
  finished(run: Run, completion: Completion): Finished;
  /** Tells a store that these were never started here. Best effort: the store asks about what it does not hear of. */
  decline(store: StoreName, items: { id: ActivationId; attempt: number }[]): void;
  entry(now: number): RosterEntry | undefined;
}

export function makeSchedulerState(
  name: SchedulerName,
  ports: SchedulerPorts,
  parts: Pick<SchedulerState, "outbox" | "puller" | "announcer">,
): SchedulerState {
  const { draining, provenSince = 0 } = ports.memory.load();
  const state: SchedulerState = {
    name,
    epoch: 0,
    boot: "",
    draining,
    provenSince,
    strangers: 0,
    crowdedUntil: 0,
    crowds: 0,
    denials: new Denials(),
    link: new HostLink(),
    capacity: new Capacity(),
    leases: new Leases(),
    grants: new Grants(hostOf(name), { proofs: () => ports.proofs(), since: () => state.provenSince }),
    kept: new Set(),
    ...parts,
    free(run) {
      if (!run.counted) return;
      run.counted = false;
      state.crowdedUntil = 0;
      state.capacity.release(run.weight);
    },
    finished(run, completion) {
      const { id, attempt, lease, about, invocation, endedAt } = run;
      const { args } = invocation ?? {};
      // Of a run an earlier incarnation started nobody here knows whether its arguments were large.
      const key = args === undefined ? argsKey(about.namespaceId, id) : "blob" in args ? args.blob : undefined;
      const spent = key === undefined ? {} : { spent: key };
      const told = endedAt === undefined ? {} : { endedAt };
      return { id, attempt, lease, about, completion, ...told, ...spent };
    },
    decline(store, items) {
      ports
        .store(store)
        .declined(items, { scheduler: name })
        .catch((error: unknown) => ports.warn(`a store could not be told of declined work: ${String(error)}`));
    },
    entry(now) {
      const { report } = state.link;
      if (report === undefined) return undefined;
      return {
        scheduler: name,
        host: report.host,
        connected: state.link.connected,
        ...(report.unhealthy === undefined ? {} : { unhealthy: report.unhealthy }),
        ...(report.impaired === undefined ? {} : { impaired: report.impaired }),
        ...(report.security === undefined ? {} : { security: report.security }),
        draining: state.draining,
        memory: report.memory,
        engine: report.engine,
        build: report.build,
        blackbox: report.blackbox,
        runtimes: report.runtimes,
        ...(report.labels === undefined ? {} : { labels: report.labels }),
        since: now,
        epoch: state.epoch,
      };
    },
  };
  return state;
}

/** The host behind a scheduler's name. */
export function hostOf(scheduler: SchedulerName): string {
  return scheduler.slice(0, scheduler.lastIndexOf("/"));
}
