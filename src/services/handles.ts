// Typed handles on the objects. A handle is made for each use: it belongs to the request that made it.

import type { Env } from "../env.ts";
import { answered } from "../invocation/retry.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import { METRICS_NAME, type MetricsRpc } from "../protocol/metrics.ts";
import { epochNameOf, ROSTER_NAME, SUBSCRIPTIONS_NAME } from "../protocol/names.ts";
import type {
  ActivationStoreRpc,
  EntityEpochRpc,
  ErasableRpc,
  InvokerSchedulerRpc,
  RosterRpc,
  SchedulerName,
  StoreName,
} from "../protocol/rpc.ts";
import type { ScheduleRpc } from "../protocol/schedule.ts";
import { type SinksRpc, sinksObjectOf } from "../protocol/sinks.ts";
import { type SourcesRpc, sourcesObjectOf } from "../protocol/sources.ts";
import type { SubscriptionsRpc } from "../protocol/subscriptions.ts";
import type { ThrottleRpc } from "../protocol/throttle.ts";
import { after } from "./timer.ts";

/** ms the roster may take to answer. */
const ROSTER_WITHIN_MS = 5_000;

export class Handles {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  scheduler(name: SchedulerName): InvokerSchedulerRpc {
    return this.#env.SCHEDULER.getByName(name) as unknown as InvokerSchedulerRpc;
  }

  /** The scheduler object itself, for a host's WebSocket. */
  schedulerSocket(name: SchedulerName): { fetch(request: Request): Promise<Response> } {
    return this.#env.SCHEDULER.getByName(name);
  }

  store(name: StoreName): ActivationStoreRpc {
    return this.#env.ACTIVATIONS.getByName(name) as unknown as ActivationStoreRpc;
  }

  /** Runs the sequences and conductors whose records this store keeps. */
  composition(name: StoreName): CompositionRpc {
    return this.#env.COMPOSITION.getByName(name) as unknown as CompositionRpc;
  }

  /** Keeps the schedules of a namespace, or some of them; named by `scheduleObjectOf`. */
  schedules(name: string): ScheduleRpc {
    return this.#env.SCHEDULE.getByName(name) as unknown as ScheduleRpc;
  }

  /** Says which host runs which subscription. */
  subscriptions(): SubscriptionsRpc {
    return this.#env.SUBSCRIPTIONS.getByName(SUBSCRIPTIONS_NAME) as unknown as SubscriptionsRpc;
  }

  metrics(): MetricsRpc {
    return this.#env.METRICS.getByName(METRICS_NAME) as unknown as MetricsRpc;
  }

  /** The sinks of a namespace, by its permanent id. */
  sinks(namespaceId: string): SinksRpc {
    return this.#env.SINKS.getByName(sinksObjectOf(namespaceId)) as unknown as SinksRpc;
  }

  /** The feeds of a namespace's sources, by its permanent id. */
  sources(namespaceId: string): SourcesRpc {
    return this.#env.SOURCES.getByName(sourcesObjectOf(namespaceId)) as unknown as SourcesRpc;
  }

  /** All objects of this name that keep what is a namespace's. */
  erasable(name: string): ErasableRpc[] {
    const { ACTIVATIONS, COMPOSITION, SCHEDULE, SINKS, SOURCES } = this.#env;
    return [ACTIVATIONS, COMPOSITION, SCHEDULE, SINKS, SOURCES].map(
      (each) => each.getByName(name) as unknown as ErasableRpc,
    );
  }

  /** The permits of a namespace, by its permanent id. */
  throttle(namespaceId: string): ThrottleRpc {
    return this.#env.THROTTLE.getByName(namespaceId) as unknown as ThrottleRpc;
  }

  /** The epoch of a namespace's entities and identities, by its name. */
  entityEpoch(namespace: string): EntityEpochRpc {
    return this.#env.EPOCH.getByName(epochNameOf(namespace)) as unknown as EntityEpochRpc;
  }

  /** Who asks it does not wait for ever: NoAnswer is thrown, and what was asked for may be done or not. */
  roster(): RosterRpc {
    const roster = this.#env.ROSTER.getByName(ROSTER_NAME) as unknown as RosterRpc;
    const soon = <T>(work: Promise<T>): Promise<T> => answered(after, ROSTER_WITHIN_MS, work);
    return {
      createHost: (name, options) => soon(roster.createHost(name, options)),
      revokeHost: (name) => soon(roster.revokeHost(name)),
      authenticate: (token) => soon(roster.authenticate(token)),
      hosts: () => soon(roster.hosts()),
      schedulers: () => soon(roster.schedulers()),
      overview: () => soon(roster.overview()),
      full: (store, why) => soon(roster.full(store, why)),
      report: (entry) => soon(roster.report(entry)),
      waitingStores: () => soon(roster.waitingStores()),
      waiting: (store, waits) => soon(roster.waiting(store, waits)),
    };
  }
}

/** The name of one shard of a namespace's activations, and of what runs its compositions. */
export function shardName(namespaceId: string, shard: number): StoreName {
  return `${namespaceId}:${shard.toString(16).padStart(2, "0")}`;
}
