// What one request needs to invoke: the ports of the story of a call, over this isolate's services.

import type { Identity } from "../entities/identity.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import type { Settings } from "../env.ts";
import type { Builtin } from "../invocation/builtin.ts";
import type { PermitLeases, Permitting } from "../invocation/permit-leases.ts";
import type { CallCounts, CancelTimer, FireContext, InvocationContext } from "../invocation/ports.ts";
import { log } from "../log.ts";
import { allowedIn } from "../outbound/open.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import { storeNameOf } from "../protocol/names.ts";
import type {
  ActivationStoreRpc,
  EpochLease,
  InvokerSchedulerRpc,
  RosterEntry,
  SchedulerName,
} from "../protocol/rpc.ts";
import { ScheduleDirectory } from "../schedules/directory.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import type { FeedSources } from "../storage/feed-sources.ts";
import type { Stores } from "../storage/open.ts";
import { builtinOf } from "../system/catalog.ts";
import { type Handles, shardName } from "./handles.ts";
import type { IsolateMetrics } from "./isolate-metrics.ts";
import type { LeaseCache } from "./lease-cache.ts";
import type { LimitEvents } from "./limit-events.ts";
import type { Later } from "./refreshed.ts";
import type { RosterCache } from "./roster-cache.ts";
import { ScheduleViews } from "./schedule-views.ts";
import { after } from "./timer.ts";

/** What all requests of an isolate share. */
export interface Shared {
  readonly settings: Settings;
  readonly masterSecret: MasterSecret;
  readonly stores: Stores;
  /** What the operator has declared for feeds. */
  readonly sources: FeedSources;
  readonly handles: Handles;
  readonly leases: LeaseCache;
  readonly permits: PermitLeases;
  readonly roster: RosterCache;
  readonly counted: IsolateMetrics;
  readonly limitEvents: LimitEvents;
  /** The store shard for a call accepted now. */
  shardNow(): number;
}

export class RequestContext implements FireContext {
  readonly entities: EntityStore;
  readonly blobs: BlobStore;
  readonly throttle: InvocationContext["throttle"];
  readonly hostsMayCome: boolean;
  readonly masterSecret: MasterSecret;
  readonly counts: CallCounts;
  readonly later: Later;
  readonly #shared: Shared;
  readonly #acting: () => Pick<Stores, "webhooks" | "subscriptions" | "sources">;

  /** `acting`: stores for what a built-in action changes. */
  constructor(shared: Shared, later: Later, acting: () => Pick<Stores, "webhooks" | "subscriptions" | "sources">) {
    this.#acting = acting;
    const { stores, settings } = shared;
    this.#shared = shared;
    this.entities = stores.entities;
    this.blobs = stores.blobs;
    this.throttle = settings.throttle ? settings.throttleDefaults : null;
    this.hostsMayCome = settings.hostsMayCome;
    this.masterSecret = shared.masterSecret;
    this.counts = shared.counted.calls(later);
    this.later = later;
  }

  now(): number {
    return Date.now();
  }

  ailing(): Promise<string | null> {
    return this.#shared.stores.machine.fault();
  }

  refused(caller: Pick<Identity, "namespace" | "subject">, reason: "rate" | "concurrency"): void {
    this.#shared.counted.refused(caller.namespace.name, reason, this.later);
    const metricName = reason === "rate" ? "TimedRateLimit" : "ConcurrentRateLimit";
    this.#shared.limitEvents.note(caller, { metricName, metricValue: 1 }, this.later);
  }

  admitted(caller: Pick<Identity, "namespace" | "subject">, running: number): void {
    this.#shared.limitEvents.note(caller, { metricName: "ConcurrentInvocations", metricValue: running }, this.later);
  }

  warn(text: string): void {
    log.warn("call", { text });
  }

  shard(): number {
    return this.#shared.shardNow();
  }

  after(ms: number, run: () => void): CancelTimer {
    return after(ms, run);
  }

  scheduler(name: SchedulerName): InvokerSchedulerRpc {
    return this.#shared.handles.scheduler(name);
  }

  storeOf(activation: Parameters<typeof storeNameOf>[0]): ActivationStoreRpc {
    return this.#shared.handles.store(storeNameOf(activation));
  }

  composition(activation: Parameters<typeof storeNameOf>[0]): CompositionRpc {
    return this.#shared.handles.composition(storeNameOf(activation));
  }

  schedulers(): RosterEntry[] | Promise<RosterEntry[]> {
    return this.#shared.roster.schedulers(this.later);
  }

  fullness(activation: Parameters<typeof storeNameOf>[0]): string | null | Promise<string | null> {
    return this.#shared.roster.full(storeNameOf(activation), this.later);
  }

  permits(namespaceId: string): Permitting {
    return this.#shared.permits.of(namespaceId, this.later);
  }

  lease(namespace: string): EpochLease | Promise<EpochLease> {
    return this.#shared.leases.lease(namespace, this.later);
  }

  /** As their owners look at them. */
  schedules(): ScheduleViews {
    return new ScheduleViews(this.#shared);
  }

  builtin(path: string): Builtin | undefined {
    const acting = this.#acting();
    return builtinOf(path, {
      entities: this.entities,
      alarms: {
        settings: this.#shared.settings.alarms,
        shards: this.#shared.settings.shards,
        schedules: (namespaceId) => new ScheduleDirectory(namespaceId, (name) => this.#shared.handles.schedules(name)),
      },
      subscriptions: {
        store: acting.subscriptions,
        shards: this.#shared.settings.shards,
        changed: () => this.#shared.handles.subscriptions().changed(),
        view: (id) => this.#shared.handles.subscriptions().view(id),
      },
      sources: {
        shards: this.#shared.settings.shards,
        book: acting.sources,
        bound: this.#shared.sources,
        of: (namespaceId) => this.#shared.handles.sources(namespaceId),
      },
      sinks: {
        shards: this.#shared.settings.shards,
        allowed: allowedIn(this.#shared.settings.outboundAllow),
        secrets: this.#shared.stores.sinkSecrets,
        of: (namespaceId) => this.#shared.handles.sinks(namespaceId),
      },
      events: {
        shards: this.#shared.settings.shards,
        known: ({ namespaceId, shard, feed }, forget) =>
          this.#shared.handles.store(shardName(namespaceId, shard)).knownEvents(feed, { forget }),
      },
      webhooks: {
        store: acting.webhooks,
        withWrite: (namespace, write) => this.#shared.leases.withWrites([namespace], write),
      },
    });
  }
}
