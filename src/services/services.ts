// The switchboard: the stores and the handles on objects, made once per isolate. What is remembered here between requests are
// values, never promises or handles: those belong to the request that made them.

import type { Author } from "../entities/audit.ts";
import { developmentNamespace, developmentNamespaces, mergedNamespace } from "../entities/development.ts";
import { idsOf, type Namespace } from "../entities/identity.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import { checkEnv, type Env, recordBounds, type Settings, sentenceOf } from "../env.ts";
import { type Failure, fail, type Result } from "../errors.ts";
import type { RecordPlaces } from "../invocation/record-list.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
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
import type { SubscriptionsRpc } from "../protocol/subscriptions.ts";
import type { ThrottleRpc } from "../protocol/throttle.ts";
import { databasesOf, warningOf } from "../records/databases.ts";
import { type ForwardingPorts, forwardingRound } from "../records/forwarding.ts";
import type { LocatePorts } from "../records/locate.ts";
import type { MovePorts } from "../records/move.ts";
import { type RoundPorts, retentionRound } from "../records/round.ts";
import { RecordWaker } from "../records/waker.ts";
import type { AuditLog } from "../storage/audit-log.ts";
import {
  type ActingStores,
  openActingStores,
  openAuditLog,
  openNamespaceBook,
  openRecordSegments,
  openRecordTable,
  openRecordUpkeep,
  openRetentionBook,
  openStores,
  type Stores,
} from "../storage/open.ts";
import type { RecordSegments } from "../storage/record-segments.ts";
import type { RecordTable } from "../storage/record-table.ts";
import { SystemBlobs } from "../system/system-code.ts";
import { SystemEntities } from "../system/system-entities.ts";
import type { Chores } from "./chores.ts";
import { configurationOf, type EffectiveSetting } from "./configuration.ts";
import { Handles, shardName } from "./handles.ts";
import { IsolateMetrics } from "./isolate-metrics.ts";
import { LeaseCache } from "./lease-cache.ts";
import { Readiness } from "./readiness.ts";
import { forwardingPorts, retentionIn } from "./record-ports.ts";
import type { Later } from "./refreshed.ts";
import { RequestContext, type Shared } from "./request-context.ts";
import { RosterCache } from "./roster-cache.ts";

/** How long (ms) an isolate stays with one store shard. */
const SHARD_TURN_MS = 1_000;
/** Objects with schedules that are asked in one go whether something is due. */
const MAX_WOKEN = 50;
/** Minutes between two looks at how full the databases of records are. */
const LOOK_EVERY_MINUTES = 10;
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
  readonly #env: Env;
  readonly #shared: Shared;
  readonly #readiness: Readiness;
  readonly #waker = new RecordWaker();
  readonly counted: IsolateMetrics;
  readonly #firstShard = Math.floor(Math.random() * 256);

  constructor(env: Env, { settings, masterSecret }: { settings: Settings; masterSecret: MasterSecret }) {
    this.#env = env;
    this.settings = settings;
    this.masterSecret = masterSecret;
    this.proofs = new Proofs(masterSecret);
    const stores = openStores(env, masterSecret);
    const handles = new Handles(env);
    const roster = new RosterCache(() => handles.roster());
    this.stores = {
      ...stores,
      entities: new SystemEntities(stores.entities, { blobs: stores.blobs, kinds: () => roster.kindsAsHeard() }),
      blobs: new SystemBlobs(stores.blobs),
    };
    this.#readiness = new Readiness(stores);
    this.counted = new IsolateMetrics(this.#holder, () => handles.metrics());
    this.#shared = {
      counted: this.counted,
      settings,
      masterSecret,
      stores: this.stores,
      handles,
      leases: new LeaseCache((namespace) => handles.entityEpoch(namespace), this.#holder),
      roster,
      shardNow: () => this.shardNow(),
    };
  }

  /** The stores for who changes something: each change has its line in the audit log. */
  acting(author: Author): ActingStores {
    const stores = openActingStores(this.#env, this.masterSecret, author);
    const { roster } = this.#shared;
    const parts = { blobs: this.stores.blobs, kinds: () => roster.kindsAsHeard() };
    return { ...stores, entities: new SystemEntities(stores.entities, parts) };
  }

  audit(): AuditLog {
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
      table: openRecordTable(this.#env, namespace.records),
      segments: openRecordSegments(this.#env),
      mode: this.settings.activationStore,
      warn: (text) => console.warn(text),
    };
  }

  /** Whether anybody has a key to it or not; null if there is none. */
  async namespaceNamed(name: string): Promise<Namespace | null> {
    const stored = await openNamespaceBook(this.#env).byName(name);
    const known = this.settings.developmentKeys ? developmentNamespace(name)?.namespace : undefined;
    return stored === null || known === undefined ? (stored ?? known ?? null) : mergedNamespace(stored, known);
  }

  /** What it takes to find a record wherever it is. */
  recordPlaces(): LocatePorts {
    const namespaces = openNamespaceBook(this.#env);
    const wellKnown = this.settings.developmentKeys ? developmentNamespaces() : [];
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
    const { activationStore: mode } = this.settings;
    const { databaseBytes } = recordBounds(this.#env);
    return databasesOf(openRecordUpkeep(this.#env), { mode, databaseBytes });
  }

  /** What moving records asks of the world. */
  movePorts(): MovePorts {
    return {
      namespaces: openNamespaceBook(this.#env),
      wellKnown: this.settings.developmentKeys ? developmentNamespaces() : [],
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

  /** Wakes some of the objects that keep schedules, should they have lost their alarm: the next ones with each `turn`. */
  async wakeSchedules(turn: number): Promise<void> {
    const { scheduleObjects } = this.stores;
    const objects = await scheduleObjects.some(turn, MAX_WOKEN);
    const woken = await Promise.allSettled(
      objects.map(async (object) => {
        if (!(await this.#shared.handles.schedules(object.name).wake())) await scheduleObjects.remove(object);
      }),
    );
    for (const each of woken) if (each.status === "rejected") console.warn(`schedules: ${String(each.reason)}`);
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
    const tables = openRecordUpkeep(this.#env);
    const { namespaces, wellKnown, segments } = this.recordPlaces();
    return {
      ...{ namespaces, wellKnown, segments, book: openRetentionBook(this.#env), standard: this.settings.retention },
      stores: (namespace) => this.shards(namespace),
      table: ({ records = 0 }) => {
        const table = tables.find((each) => each.binding === `RECORDS_${records}`);
        if (table === undefined) throw new Error(`the database of records RECORDS_${records} is not bound`);
        return table;
      },
      discard: (keys) => this.stores.blobs.delete([...keys]),
      now: () => Date.now(),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      warn: (text) => console.warn(text),
    };
  }

  /** What it takes to forward records. `own`: hosts that are ourselves. */
  forwarding(own: readonly string[]): ForwardingPorts {
    const { settings, masterSecret } = this;
    const stores = (namespace: Namespace) => this.shards(namespace);
    return forwardingPorts(this.#env, { ...this.recordPlaces(), settings, masterSecret, stores, own });
  }

  /** Of every minute: a bounded piece of what was left behind. */
  chores(): Chores {
    const { entities, registry } = this.stores;
    return {
      "blobs of entities": () => entities.sweep(Date.now() - ORPHAN_AGE_MS),
      "replaced keys": () => registry.sweepReplaced(Date.now() - REPLACED_KEPT_MS),
      "audit log": () => this.#dropAudit(),
      "retention of records": () => retentionRound(this.retention()),
      "forwarding of records": () => forwardingRound(this.forwarding([])),
      "databases of records": () => this.#lookAtDatabases(),
      ...(this.#env.MACHINE === undefined ? {} : { "waking of objects": () => this.#waker.round(this.movePorts()) }),
    };
  }

  async #dropAudit(): Promise<void> {
    const { maxAge, maxLines } = this.settings.auditRetention;
    await this.audit().drop({ before: Date.now() - maxAge * 1_000, most: maxLines });
  }

  async #lookAtDatabases(): Promise<void> {
    if (new Date().getUTCMinutes() % LOOK_EVERY_MINUTES !== 0) return;
    const warning = warningOf((await this.recordDatabases()).databases);
    if (warning !== null) console.warn(warning);
  }
}

/** An object that is erased ends before it can answer, with these words: durable-objects/shared/erasable.ts. */
const ERASED = /this object was erased/;

async function erased(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!ERASED.test(String(error))) throw error;
  }
}

const opened = new WeakMap<Env, Result<Services>>();

/** Fails, always the same, if the environment is not as it must be; the log is told once. */
export function servicesOf(env: Env): Result<Services> {
  let services = opened.get(env);
  if (services === undefined) {
    const checked = checkEnv(env);
    services = checked.ok
      ? { ok: true, value: new Services(env, checked) }
      : fail("not-configured", sentenceOf(checked.faults));
    if (!services.ok) console.error(services.text);
    opened.set(env, services);
  }
  return services;
}
