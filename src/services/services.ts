// The switchboard: the stores and the handles on objects, made once per isolate. What is remembered here between
// requests are values, never promises or handles: those belong to the request that made them.

import type { Author } from "../entities/audit.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import { checkEnv, type Env, recordBounds, type Settings, sentenceOf } from "../env.ts";
import { meteringOf } from "../env-schemas.ts";
import { type Failure, fail, type Result } from "../errors.ts";
import type { RecordPlaces } from "../invocation/record-list.ts";
import { log, logAs } from "../log.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import type { Forwarded } from "../protocol/forwarding.ts";
import type { MetricsRpc } from "../protocol/metrics.ts";
import { Proofs } from "../protocol/proofs.ts";
import type {
  ActivationStoreRpc,
  EntityEpochRpc,
  EpochLease,
  InvokerSchedulerRpc,
  RosterEntry,
  RosterRpc,
  SchedulerName,
  StoreName,
} from "../protocol/rpc.ts";
import type { SourcesRpc } from "../protocol/sources.ts";
import type { SubscriptionsRpc } from "../protocol/subscriptions.ts";
import type { ThrottleRpc, ThrottleUsage } from "../protocol/throttle.ts";
import { countNew, databasesOf } from "../records/databases.ts";
import { type ForwardingPorts, forwardingRound } from "../records/forwarding.ts";
import type { LocatePorts } from "../records/locate.ts";
import type { MovePorts } from "../records/move.ts";
import { type RoundPorts, retentionRound } from "../records/round.ts";
import { type SweepPorts, sweepBlobs } from "../records/unowned-blobs.ts";
import { RecordWaker } from "../records/waker.ts";
import type { FeedSources } from "../storage/feed-sources.ts";
import {
  type ActingStores,
  openActingStores,
  openAuditLog,
  openFeedSources,
  openListedSegments,
  openRecordSegments,
  openRecordTable,
  openRecordUpkeep,
  openStores,
  type Stores,
} from "../storage/open.ts";
import type { RecordSegments } from "../storage/record-segments.ts";
import type { RecordTable } from "../storage/record-table.ts";
import type { StoreSize } from "../storage/store-size.ts";
import { SystemBlobs } from "../system/system-code.ts";
import { SystemEntities } from "../system/system-entities.ts";
import { type Chores, lookAtDatabases, sweepSecrets } from "./chores.ts";
import { configurationOf, type EffectiveSetting } from "./configuration.ts";
import { countedStores } from "./counted-stores.ts";
import { erased } from "./erasing.ts";
import { Handles, shardName } from "./handles.ts";
import { IsolateMetrics } from "./isolate-metrics.ts";
import { knownNamespaces } from "./known-namespaces.ts";
import { LeaseCache } from "./lease-cache.ts";
import { LimitEvents } from "./limit-events.ts";
import { permitLeases } from "./permits.ts";
import { Readiness } from "./readiness.ts";
import { forwardingPorts, retentionIn, retentionPorts, sweepPorts } from "./record-ports.ts";
import { type Later, Refreshed } from "./refreshed.ts";
import { RequestContext, type Shared } from "./request-context.ts";
import { RosterCache } from "./roster-cache.ts";
import { wakeSchedules, wakeSources } from "./waking.ts";

/** How long (ms) an isolate stays with one store shard. */
const SHARD_TURN_MS = 1_000;
/** So long the size of the bucket is not looked at again. */
const BUCKET_SIZE_MS = 600_000;
/** A blob that no entity has owned for this long belongs to an upload that never ended. */
const ORPHAN_AGE_MS = 3_600_000;
/** So long a replaced key is still shown after its end. */
const REPLACED_KEPT_MS = 86_400_000;

export class Services {
  /** Names this isolate to the objects that lease to it. */
  readonly #holder = crypto.randomUUID();
  readonly settings: Settings;
  readonly masterSecret: MasterSecret;
  readonly proofs: Proofs;
  readonly stores: Stores;
  /** What the operator has declared for feeds. */
  readonly sources: FeedSources;
  readonly #env: Env;
  readonly #shared: Shared;
  readonly #readiness: Readiness;
  readonly #waker = new RecordWaker();
  readonly counted: IsolateMetrics;
  /** How much lies in the bucket of blobs. */
  readonly bucket: Refreshed<StoreSize>;
  readonly #firstShard = Math.floor(Math.random() * 256);

  constructor(env: Env, { settings, masterSecret }: { settings: Settings; masterSecret: MasterSecret }) {
    this.#env = env;
    this.settings = settings;
    this.masterSecret = masterSecret;
    this.proofs = new Proofs(masterSecret);
    const handles = new Handles(env);
    this.counted = new IsolateMetrics(this.#holder, () => handles.metrics(), meteringOf(env));
    const stores = countedStores(openStores(env, masterSecret), this.counted);
    const roster = new RosterCache(() => handles.roster());
    this.stores = {
      ...stores,
      entities: new SystemEntities(stores.entities, { blobs: stores.blobs, kinds: () => roster.kindsAsHeard() }),
      blobs: new SystemBlobs(stores.blobs),
    };
    this.sources = openFeedSources(env);
    this.bucket = new Refreshed(async () => ({ value: await stores.bucketSize(), ttlMs: BUCKET_SIZE_MS }));
    this.#readiness = new Readiness(stores);
    this.#shared = {
      counted: this.counted,
      limitEvents: new LimitEvents((namespaceId) => handles.store(shardName(namespaceId, 0))),
      ...{ settings, masterSecret, stores: this.stores, sources: this.sources, handles },
      permits: permitLeases(handles, this.#holder),
      leases: new LeaseCache((namespace) => handles.entityEpoch(namespace), this.#holder),
      roster,
      shardNow: () => this.shardNow(),
    };
  }

  /** The stores for who changes something: each change has its line in the audit log. */
  acting(author: Author): ActingStores {
    const stores = countedStores(openActingStores(this.#env, this.masterSecret, author), this.counted);
    const { roster } = this.#shared;
    const parts = { blobs: this.stores.blobs, kinds: () => roster.kindsAsHeard() };
    return { ...stores, entities: new SystemEntities(stores.entities, parts) };
  }

  audit(): ReturnType<typeof openAuditLog> {
    return openAuditLog(this.#env);
  }

  /** Why nothing may be done, or null. */
  refusal(): Failure | null | Promise<Failure | null> {
    return this.#readiness.refusal();
  }

  scheduler(name: SchedulerName): InvokerSchedulerRpc {
    return this.#shared.handles.scheduler(name);
  }

  /** What counts what comes to a namespace by the minute. */
  throttle(namespaceId: string): ThrottleRpc {
    return this.#shared.handles.throttle(namespaceId);
  }

  /** What of a namespace's counts is used now, with all that this isolate knows. */
  used(namespaceId: string): Promise<ThrottleUsage> {
    return this.#shared.permits.usage(namespaceId);
  }

  /** The scheduler object itself, for a host's WebSocket. */
  schedulerSocket(name: SchedulerName): { fetch(request: Request): Promise<Response> } {
    return this.#shared.handles.schedulerSocket(name);
  }

  /** The store shard for calls accepted now. An isolate stays with one for a while, so that records which end together
   * are one commit of one object; isolates start at different ones. */
  shardNow(): number {
    return (this.#firstShard + Math.floor(Date.now() / SHARD_TURN_MS)) % this.settings.shards;
  }

  /** One shard of a namespace's activations. */
  shard(namespaceId: string, shard: number): ActivationStoreRpc {
    return this.#shared.handles.store(shardName(namespaceId, shard));
  }

  /** Every shard of a namespace's activations. */
  shards(namespace: Namespace): ActivationStoreRpc[] {
    const numbers = Array.from({ length: this.settings.shards }, (_, shard) => shard);
    return idsOf(namespace).flatMap((id) => numbers.map((shard) => this.shard(id, shard)));
  }

  /** A store by its name. */
  store(name: StoreName): ActivationStoreRpc {
    return this.#shared.handles.store(name);
  }

  /** Where the records of a namespace's activations are. */
  records(namespace: Namespace): RecordPlaces {
    return {
      stores: this.shards(namespace),
      namespaceIds: idsOf(namespace),
      ...{ table: openRecordTable(this.#env, namespace.records), segments: openListedSegments(this.#env) },
      mode: this.settings.activationStore,
      warn: (text) => log.warn("records", { text }),
    };
  }

  /** Whether anybody has a key to it or not; null if there is none. */
  async namespaceNamed(name: string): Promise<Namespace | null> {
    const { namespaces, wellKnown } = knownNamespaces(this.#env, this.settings);
    return (await namespaces.byName(name)) ?? wellKnown.find((each) => each.name === name) ?? null;
  }

  /** What it takes to find a record wherever it is. */
  recordPlaces(): LocatePorts {
    const { namespaces, wellKnown } = knownNamespaces(this.#env, this.settings);
    return {
      ...{ namespaces, wellKnown },
      retention: retentionIn(this.#env, { namespaces, wellKnown, standard: this.settings.retention }),
      tables: openRecordUpkeep(this.#env),
      segments: openRecordSegments(this.#env),
      blobs: this.stores.blobs,
      mode: this.settings.activationStore,
      storeName: shardName,
      store: (namespaceId, shard) => this.shard(namespaceId, shard),
    };
  }

  /** How full the databases of records are. */
  recordDatabases(): ReturnType<typeof databasesOf> {
    const { databaseBytes } = recordBounds(this.#env);
    return databasesOf(openRecordUpkeep(this.#env), { mode: this.settings.activationStore, databaseBytes });
  }

  /** What moving records asks of the world. */
  movePorts(): MovePorts {
    return {
      ...knownNamespaces(this.#env, this.settings),
      mode: this.settings.activationStore,
      shards: this.settings.shards,
      store: (namespaceId, shard) => this.shard(namespaceId, shard),
    };
  }

  /** What runs the sequences and conductors of one shard of a namespace. */
  shardComposition(namespaceId: string, shard: number): CompositionRpc {
    return this.#shared.handles.composition(shardName(namespaceId, shard));
  }

  /** The epoch of a namespace's entities and identities, by name. */
  entityEpoch(namespace: string): EntityEpochRpc {
    return this.#shared.handles.entityEpoch(namespace);
  }

  /** Who asks it does not wait for ever: NoAnswer is thrown, and what was asked for may be done or not. */
  roster(): RosterRpc {
    return this.#shared.handles.roster();
  }

  /** Which host runs which subscription to a broker. */
  subscriptions(): SubscriptionsRpc {
    return this.#shared.handles.subscriptions();
  }

  /** What was counted everywhere. */
  metrics(): MetricsRpc {
    return this.#shared.handles.metrics();
  }

  /** What the schedulers last said, at most a second old. */
  schedulers(later: Later): RosterEntry[] | Promise<RosterEntry[]> {
    return this.#shared.roster.schedulers(later);
  }

  /** The list as this isolate heard it last, however old: for who must not fail when the roster does. */
  schedulersOnceHeard(): RosterEntry[] {
    return this.#shared.roster.lastHeard;
  }

  /** Kinds that some connected host can run, or null while no host has ever reported. */
  runnableKinds(later: Later): Promise<ReadonlySet<string> | null> {
    return this.#shared.roster.runnableKinds(later);
  }

  /** The epoch under which this namespace's entities may be read from memory. */
  lease(namespace: string, later: Later): EpochLease | Promise<EpochLease> {
    return this.#shared.leases.lease(namespace, later);
  }

  /** Runs a write to the entities or identities of the namespace with this name: when it returns, no isolate anywhere
   * uses what it had read before. */
  withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T> {
    return this.#shared.leases.withWrites([namespace], write);
  }

  /** The same for several namespaces, without waiting for one after the other. */
  withWrites<T>(namespaces: readonly string[], write: () => Promise<T>): Promise<T> {
    return this.#shared.leases.withWrites(namespaces, write);
  }

  /** What one request needs to invoke. `author`: who calls, asked for only where the call changes something. */
  context(later: Later, author: () => Author): RequestContext {
    return new RequestContext(this.#shared, later, () => this.acting(author()));
  }

  /** Wakes some objects that keep schedules, should they have lost their alarm: the next ones with each `turn`. */
  wakeSchedules(turn: number): Promise<void> {
    return wakeSchedules(this.stores.scheduleObjects, (name) => this.#shared.handles.schedules(name), turn);
  }

  /** What keeps the feeds of a namespace's sources. */
  feedsOf(namespaceId: string): SourcesRpc {
    return this.#shared.handles.sources(namespaceId);
  }

  /** The same as wakeSchedules for objects that keep feeds of sources. */
  wakeSources(turn: number): Promise<void> {
    return wakeSources(this.stores.sources, (id) => this.feedsOf(id), turn);
  }

  /** The records of a namespace's activations in their database, and in segments. */
  recordTable(namespace: Namespace): RecordTable {
    return openRecordTable(this.#env, namespace.records);
  }

  recordSegments(): RecordSegments {
    return openRecordSegments(this.#env);
  }

  /** All objects that keep what belongs to this shard of a namespace are empty when it returns. */
  async erase(namespaceId: string, shard: number): Promise<void> {
    const name = shardName(namespaceId, shard);
    const objects = this.#shared.handles.erasable(name);
    await Promise.all(objects.map((object) => erased(object.erase())));
    await this.roster().waiting(name, false);
  }

  /** What it goes by, for its administrator. */
  configuration(): EffectiveSetting[] {
    return configurationOf(this.#env);
  }

  /** What it takes to see how much the records of namespaces are, and to drop what is not to be kept. */
  retention(): RoundPorts {
    return retentionPorts(this.#env, this.recordPlaces(), {
      standard: this.settings.retention,
      stores: (namespace) => this.shards(namespace),
      discard: (keys) => this.stores.blobs.delete([...keys]),
    });
  }

  /** What it takes to forward records, or user events. `own`: hosts that are ourselves. */
  forwarding(own: readonly string[], what: Forwarded): ForwardingPorts {
    const parts = { ...this.recordPlaces(), ...this.#shared, own, what };
    return forwardingPorts(this.#env, { ...parts, stores: (namespace) => this.shards(namespace) });
  }

  /** What it takes to find blobs that nobody owns. */
  sweeping(): SweepPorts {
    const { blobs, machine } = this.stores;
    return sweepPorts(this.#env, this.recordPlaces(), {
      store: (namespaceId, shard) => this.shard(namespaceId, shard),
      composition: (namespaceId, shard) => this.shardComposition(namespaceId, shard),
      discard: (keys) => blobs.delete([...keys]),
      backupRuns: () => machine.backupRuns(),
    });
  }

  /** Of every minute: a bounded piece of what was left behind. */
  chores(): Chores {
    const { entities, registry } = this.stores;
    return {
      "blobs of entities": () => entities.sweep(Date.now() - ORPHAN_AGE_MS),
      "replaced keys": () => registry.sweepReplaced(Date.now() - REPLACED_KEPT_MS),
      "audit log": () => this.#dropAudit(),
      "retention of records": () => retentionRound(this.retention()),
      "blobs of nobody": () => sweepBlobs(this.sweeping()),
      "forwarding of records": () => forwardingRound(this.forwarding([], "records")),
      "sending of user events": () => forwardingRound(this.forwarding([], "events")),
      "databases of records": () => lookAtDatabases(() => this.recordDatabases()),
      "secrets of nobody": () => sweepSecrets(this.#shared),
      "usage of records": () => countNew(openRecordUpkeep(this.#env)),
      ...(this.#env.MACHINE === undefined ? {} : { "waking of objects": () => this.#waker.round(this.movePorts()) }),
    };
  }

  async #dropAudit(): Promise<void> {
    const { maxAge, maxLines } = this.settings.auditRetention;
    await this.audit().drop({ before: Date.now() - maxAge * 1_000, most: maxLines });
  }
}

const opened = new WeakMap<Env, Result<Services>>();

/** Fails, always the same, if the environment is not as it must be; the log is told once. */
export function servicesOf(env: Env): Result<Services> {
  logAs(env);
  let services = opened.get(env);
  if (services === undefined) {
    const checked = checkEnv(env);
    services = checked.ok
      ? { ok: true, value: new Services(env, checked) }
      : fail("not-configured", sentenceOf(checked.faults));
    if (!services.ok) log.error("not-configured", { text: services.text });
    opened.set(env, services);
  }
  return services;
}
