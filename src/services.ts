// The switchboard: the stores and typed handles on the objects, made once per isolate. What is remembered here between
// requests are values, never promises or stubs: those belong to the request that made them.

import type { MasterSecret } from "./entities/sealing.ts";
import { checkEnv, type Env, type Settings, sentenceOf } from "./env.ts";
import { type Failure, fail, type Result } from "./errors.ts";
import type { Builtin } from "./invocation/builtin.ts";
import type { Cancel, FireContext, InvocationContext } from "./invocation/ports.ts";
import { answered } from "./invocation/retry.ts";
import type { CompositionRpc } from "./protocol/composition.ts";
import { ROSTER_NAME, storeNameOf } from "./protocol/names.ts";
import { Proofs } from "./protocol/proofs.ts";
import type {
  ActivationStoreRpc,
  GateLease,
  GateRpc,
  InvokerSchedulerRpc,
  RosterEntry,
  RosterRpc,
  SchedulerName,
  StoreName,
} from "./protocol/rpc.ts";
import type { BlobStore } from "./storage/blob-store.ts";
import type { EntityStore } from "./storage/entity-store.ts";
import { openStores, type Stores } from "./storage/open.ts";
import { builtinOf } from "./system/catalog.ts";
import { SystemEntities } from "./system/system-entities.ts";

/** How long the list of schedulers may be reused. */
const ROSTER_TTL = 1_000;
/** ms the roster may take to answer. */
const ROSTER_WITHIN = 5_000;
/** A value older than this part of its life is renewed in the background while it is still good. */
const RENEW_AT = 0.5;

/** How long (ms) an isolate stays with one store shard. */
const SHARD_TURN = 1_000;
/** ms after which a database that did not know our secret is asked again. */
const CHECK_AGAIN = 2_000;
/** The same for one that is about to be migrated. */
const MIGRATION_AGAIN = 100;
/** A blob that no entity has owned for this long (ms) belongs to an upload that never ended. */
const ORPHAN_AGE = 3_600_000;

/** Keeps work alive after the answer has left. */
export type Later = (work: Promise<unknown>) => void;

interface Held<T> {
  value: T;
  /** Epoch ms: renew from, and good until. */
  renew: number;
  until: number;
}

interface EpochEntry {
  lease?: Held<GateLease>;
  /** Goes up with each write from this isolate: a lease that was asked for before is not remembered. */
  writes: number;
}

export class Services {
  /** Names this isolate to the gates. */
  readonly holder: string = crypto.randomUUID();
  readonly settings: Settings;
  readonly masterSecret: MasterSecret;
  readonly proofs: Proofs;
  readonly stores: Stores;
  readonly #env: Env;
  readonly #shelves = new Map<string, EpochEntry>();
  readonly #firstShard = Math.floor(Math.random() * 256);
  #roster: Held<RosterEntry[]> | undefined;
  /** What the database said of our secrets; undefined = not asked yet. */
  #standing: { failure: Failure | null; until: number } | undefined;

  constructor(env: Env, { settings, masterSecret }: { settings: Settings; masterSecret: MasterSecret }) {
    this.#env = env;
    this.settings = settings;
    this.masterSecret = masterSecret;
    this.proofs = new Proofs(masterSecret);
    const stores = openStores(env, masterSecret);
    this.stores = { ...stores, entities: new SystemEntities(stores.entities) };
  }

  /** Why nothing may be done, or null: whether the database has its tables, and knows the secrets we were given. Asked once per
   * isolate, and again while it does not. */
  refusal(): Failure | null | Promise<Failure | null> {
    const standing = this.#standing;
    if (standing?.failure === null) return null;
    if (standing !== undefined && Date.now() < standing.until) return standing.failure;
    return this.#check();
  }

  async #check(): Promise<Failure | null> {
    const migration = await this.stores.lackingMigration();
    if (migration !== null) return this.#note(fail("not-migrated", migration), MIGRATION_AGAIN);
    const fault = await this.stores.secrets.check();
    if (fault === null) return this.#note(null, 0);
    const failure = fail("not-configured", sentenceOf([fault]));
    if (failure.text !== this.#standing?.failure?.text) console.error(failure.text);
    return this.#note(failure, CHECK_AGAIN);
  }

  #note(failure: Failure | null, ms: number): Failure | null {
    this.#standing = { failure, until: Date.now() + ms };
    return failure;
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

  /** The store shard for calls accepted now. An isolate stays with one for a while, so that records which end together
   * are one commit of one object; isolates start at different ones. */
  shardNow(): number {
    return (this.#firstShard + Math.floor(Date.now() / SHARD_TURN)) % this.settings.shards;
  }

  /** One shard of a namespace's activations. */
  shard(namespaceId: string, shard: number): ActivationStoreRpc {
    return this.store(shardName(namespaceId, shard));
  }

  /** What runs the sequences and conductors of one shard of a namespace. */
  shardComposition(namespaceId: string, shard: number): CompositionRpc {
    return this.composition(shardName(namespaceId, shard));
  }

  /** The permits of a namespace, by its permanent id. */
  gate(namespaceId: string): GateRpc {
    return this.#env.GATE.getByName(namespaceId) as unknown as GateRpc;
  }

  /** The epoch of a namespace's entities and identities, by name. */
  entityGate(namespace: string): GateRpc {
    return this.#env.GATE.getByName(`name:${namespace}`) as unknown as GateRpc;
  }

  /** Who asks it does not wait for ever: NoAnswer is thrown, and what was asked for may be done or not. */
  roster(): RosterRpc {
    const roster = this.#env.ROSTER.getByName(ROSTER_NAME) as unknown as RosterRpc;
    const soon = <T>(work: Promise<T>): Promise<T> => answered(after, ROSTER_WITHIN, work);
    return {
      createHost: (name, options) => soon(roster.createHost(name, options)),
      revokeHost: (name) => soon(roster.revokeHost(name)),
      authenticate: (token) => soon(roster.authenticate(token)),
      hosts: () => soon(roster.hosts()),
      schedulers: () => soon(roster.schedulers()),
      report: (entry) => soon(roster.report(entry)),
      waiting: (store, waits) => soon(roster.waiting(store, waits)),
    };
  }

  /** What the schedulers last said, at most a second old; renewed in the background while it is used. */
  schedulers(later: Later): RosterEntry[] | Promise<RosterEntry[]> {
    const held = this.#roster;
    const now = Date.now();
    if (held === undefined || now >= held.until) return this.#fetchRoster();
    if (now >= held.renew) {
      held.renew = held.until;
      later(this.#fetchRoster().catch(() => undefined));
    }
    return held.value;
  }

  /** The list as this isolate heard it last, however old: for who must not fail when the roster does. */
  schedulersOnceHeard(): RosterEntry[] {
    return this.#roster?.value ?? [];
  }

  /** Kinds that some connected host can run, or null while no host has ever reported. */
  async runnableKinds(later: Later): Promise<ReadonlySet<string> | null> {
    const entries = await this.schedulers(later);
    if (entries.length === 0) return null;
    return new Set(entries.flatMap((entry) => entry.runtimes.map((runtime) => runtime.kind)));
  }

  /** The epoch under which this namespace's entities may be read from memory. */
  lease(namespace: string, later: Later): GateLease | Promise<GateLease> {
    const held = this.#shelves.get(namespace)?.lease;
    const now = Date.now();
    if (held === undefined || now >= held.until) return this.#fetchLease(namespace);
    if (now >= held.renew) {
      held.renew = held.until;
      later(this.#fetchLease(namespace).catch(() => undefined));
    }
    return held.value;
  }

  /** Runs a write to the entities or identities of the namespace with this name: when it returns, no isolate anywhere
   * uses what it had read before. */
  withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T> {
    return this.withWrites([namespace], write);
  }

  /** The same for several namespaces, without waiting for one after the other. */
  async withWrites<T>(namespaces: readonly string[], write: () => Promise<T>): Promise<T> {
    const gates = namespaces.map((name) => this.entityGate(name));
    const forget = () => {
      for (const name of namespaces) this.#forget(name);
    };
    forget();
    try {
      await Promise.all(gates.map((gate) => gate.beginWrite(this.holder)));
      return await write();
    } finally {
      forget();
      await Promise.all(gates.map((gate) => gate.endWrite(this.holder)));
    }
  }

  /** What one request needs to invoke. */
  context(later: Later): FireContext {
    return new RequestContext(this, later);
  }

  /** Every minute: a bounded piece of what was left behind. */
  async tidy(): Promise<void> {
    await this.stores.entities.sweep(Date.now() - ORPHAN_AGE);
  }

  async #fetchRoster(): Promise<RosterEntry[]> {
    const asked = Date.now();
    const value = await this.roster().schedulers();
    this.#roster = { value, renew: asked + ROSTER_TTL * RENEW_AT, until: asked + ROSTER_TTL };
    return value;
  }

  async #fetchLease(namespace: string): Promise<GateLease> {
    const shelf = this.#shelf(namespace);
    const asked = Date.now();
    const writes = shelf.writes;
    const value = await this.entityGate(namespace).lease(this.holder);
    if (value.ttl > 0 && shelf.writes === writes) {
      shelf.lease = { value, renew: asked + value.ttl * RENEW_AT, until: asked + value.ttl };
    }
    return value;
  }

  #forget(namespace: string): void {
    const shelf = this.#shelf(namespace);
    shelf.writes++;
    delete shelf.lease;
  }

  #shelf(namespace: string): EpochEntry {
    let shelf = this.#shelves.get(namespace);
    if (shelf === undefined) {
      shelf = { writes: 0 };
      if (this.#shelves.size >= MAX_SHELVES) this.#dropOldShelves();
      this.#shelves.set(namespace, shelf);
    }
    return shelf;
  }

  /** Safe at any time: a lease under way keeps the shelf it was asked from, and is forgotten with it. */
  #dropOldShelves(): void {
    const now = Date.now();
    for (const [name, shelf] of this.#shelves) {
      if (shelf.lease === undefined || now >= shelf.lease.until) this.#shelves.delete(name);
    }
  }
}

class RequestContext implements FireContext {
  readonly entities: EntityStore;
  readonly blobs: BlobStore;
  readonly throttle: InvocationContext["throttle"];
  readonly hostsMayCome: boolean;
  readonly holder: string;
  readonly masterSecret: MasterSecret;
  readonly later: Later;
  readonly #services: Services;

  constructor(services: Services, later: Later) {
    this.#services = services;
    this.entities = services.stores.entities;
    this.blobs = services.stores.blobs;
    this.throttle = services.settings.throttle ? services.settings.throttleDefaults : null;
    this.hostsMayCome = services.settings.hostsMayCome;
    this.holder = services.holder;
    this.masterSecret = services.masterSecret;
    this.later = later;
  }

  now(): number {
    return Date.now();
  }

  ailing(): Promise<string | null> {
    return this.#services.stores.machine.fault();
  }

  warn(text: string): void {
    console.warn(text);
  }

  shard(): number {
    return this.#services.shardNow();
  }

  after(ms: number, run: () => void): Cancel {
    return after(ms, run);
  }

  scheduler(name: SchedulerName): InvokerSchedulerRpc {
    return this.#services.scheduler(name);
  }

  storeOf(activation: Parameters<typeof storeNameOf>[0]): ActivationStoreRpc {
    return this.#services.store(storeNameOf(activation));
  }

  composition(activation: Parameters<typeof storeNameOf>[0]): CompositionRpc {
    return this.#services.composition(storeNameOf(activation));
  }

  schedulers(): RosterEntry[] | Promise<RosterEntry[]> {
    return this.#services.schedulers(this.later);
  }

  gate(namespaceId: string): GateRpc {
    return this.#services.gate(namespaceId);
  }

  lease(namespace: string): GateLease | Promise<GateLease> {
    return this.#services.lease(namespace, this.later);
  }

  builtin(path: string): Builtin | undefined {
    return builtinOf(path);
  }
}

function after(ms: number, run: () => void): Cancel {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

function shardName(namespaceId: string, shard: number): StoreName {
  return `${namespaceId}:${shard.toString(16).padStart(2, "0")}`;
}

const MAX_SHELVES = 10_000;
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
