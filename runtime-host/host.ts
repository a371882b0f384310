// The host as one object: what its parts are and how they hang together. Everything that differs between the program
// and a test comes in through the options.

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostConfig } from "./config.ts";
import { connectBroker } from "./connectors/brokers.ts";
import { Connectors } from "./connectors/connectors.ts";
import { openSubscriptionApi } from "./connectors/subscription-api.ts";
import { CodeCache } from "./container/code-cache.ts";
import type { Containers } from "./container/contract.ts";
import { Outbox } from "./delivery/outbox.ts";
import type { StoredRecord } from "./delivery/outbox-segments.ts";
import type { Engine } from "./engine/engine.ts";
import { falls } from "./engine/security-level.ts";
import { HostReporter } from "./host-report.ts";
import { type BlobApi, openBlobApi } from "./link/blob-api.ts";
import { Payloads } from "./link/payloads.ts";
import { type LinkTiming, SchedulerLink } from "./link/scheduler-link.ts";
import { DiskWatch } from "./machine/disk-watch.ts";
import { type LockReply, lockState } from "./machine/state-lock.ts";
import { HostMetrics } from "./metrics/host-metrics.ts";
import { type MetricsServer, serveMetrics } from "./metrics/server.ts";
import type { ContainersOptions } from "./pool/open.ts";
import type { Logger } from "./program/logger.ts";
import { RunController } from "./runs/run-controller.ts";
import { drainHost } from "./shutdown.ts";

export interface HostOptions {
  openContainers: (options: ContainersOptions) => Promise<Containers>;
  log: Logger;
  /** Every scheduler shard has this boot's inventory for the first time. */
  ready: (facts: ReadyFacts) => void;
  /** The platform does not want this process (any more). What runs may still end. */
  refused?: (reason: string) => void;
  timing?: Partial<LinkTiming>;
}

export interface ReadyFacts {
  name: string;
  boot: string;
  engine: string;
  memory: number;
  shards: number;
  kinds: string[];
  /** Why it takes nothing although it is in. */
  unhealthy?: string;
}

export interface Host {
  /** Orderly: finishes what runs, hands records over. Resolves to the number of records left on disk. */
  drain(): Promise<number>;
  /** At once: containers by force, nothing else is waited for. */
  abort(): Promise<void>;
}

/** Rejects with a sentence for the person who started it. */
export async function startHost(config: HostConfig, options: HostOptions): Promise<Host> {
  const lock = await lockStateFolder(config.state);
  let host: RunningHost | null = null;
  const parts = await openParts(config, options, {
    health: () => host?.healthChanged(),
    engine: () => host?.engineChanged(),
  });
  host = new RunningHost(config, options, { ...parts, lock });
  host.start();
  return host;
}

type Lock = Extract<LockReply, { kind: "held" }>;

async function lockStateFolder(folder: string): Promise<Lock> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new Error(`The state folder ${folder} cannot be made: ${error.message}.`);
  });
  const lock = lockState(folder);
  if (lock.kind === "held") return lock;
  throw new Error(`The state folder ${folder} is in use by process ${lock.owner.pid}: give each host its own --state.`);
}

/** What works without a platform. */
interface Parts {
  blobs: BlobApi;
  code: CodeCache;
  outbox: Outbox;
  /** Records of earlier boots. */
  kept: StoredRecord[];
  containers: Containers;
  disk: DiskWatch;
  metrics: MetricsServer | null;
}

/** What is told when it has changed: whether anything can be started here, or what the engine has and enforces. */
interface Changed {
  health(): void;
  engine(): void;
}

async function openParts(config: HostConfig, options: HostOptions, changed: Changed): Promise<Parts> {
  const { log } = options;
  const blobs = openBlobApi({ url: config.url, token: config.token });
  const code = await CodeCache.open({
    dir: join(config.state, "code"),
    bytes: config.codeCache,
    fetch: blobs.getCode,
    log,
  });
  const { outbox, kept } = Outbox.open({
    dir: join(config.state, "outbox"),
    bounds: config.outbox,
    fsync: config.outbox.fsync,
    log,
    changed: changed.health,
  });
  const metrics = config.metrics === null ? null : new HostMetrics();
  const served =
    config.metrics === null || metrics === null ? null : await serveMetrics(config.metrics, metrics.registry);
  const pool = await options.openContainers({
    engine: config.engine,
    name: config.name,
    state: join(config.state, "containers"),
    apiUrl: config.url,
    network: config.network,
    memory: config.memory,
    images: config.images,
    requireLevel: config.requireLevel,
    minDisk: config.minDisk,
    prewarm: config.prewarm,
    container: config.container,
    log,
    changed: changed.engine,
    ...(metrics === null ? {} : { watched: (engine: Engine) => metrics.ofEngine(engine) }),
  });
  const containers = metrics?.ofPool(pool) ?? pool;
  const disk = await DiskWatch.open({ folder: config.state, leastMb: config.minDisk, changed: changed.health });
  return { blobs, code, outbox, kept, containers, disk, metrics: served };
}

class RunningHost implements Host {
  readonly #config: HostConfig;
  readonly #options: HostOptions;
  readonly #parts: Parts & { lock: Lock };
  readonly #boot = randomUUID();
  readonly #reporter: HostReporter;
  readonly #links: readonly SchedulerLink[];
  readonly #controller: RunController;
  /** Null: this host runs no subscriptions. */
  readonly #connectors: Connectors | null;
  /** Shards whose scheduler has not had this boot's inventory yet. */
  readonly #awaited: Set<number>;

  constructor(config: HostConfig, options: HostOptions, parts: Parts & { lock: Lock }) {
    this.#config = config;
    this.#options = options;
    this.#parts = parts;
    const { containers, outbox, kept, blobs, code } = parts;
    const memory = Math.floor(containers.memory / config.shards);
    this.#reporter = new HostReporter(config, { boot: this.#boot, memory, containers });
    this.#links = Array.from({ length: config.shards }, (_, shard) => this.#linkTo(shard));
    this.#awaited = new Set(this.#links.map((link) => link.shard));
    this.#controller = new RunController({
      host: config.name,
      boot: this.#boot,
      memory,
      links: this.#links,
      containers,
      outbox,
      kept,
      payloads: new Payloads(blobs, options.log),
      blobs,
      code,
      ailing: () => this.#ailing(),
      log: options.log,
      welcomed: (shard) => this.#welcomed(shard),
    });
    this.#connectors = this.#connectorsOf(config);
  }

  #connectorsOf({ connectors, url, token }: HostConfig): Connectors | null {
    if (connectors === null) return null;
    const api = openSubscriptionApi({ url, token });
    return new Connectors({
      ...{ boot: this.#boot, api, allowed: connectors.allowed, connect: connectBroker },
      log: this.#options.log,
    });
  }

  start(): void {
    const { containers, kept } = this.#parts;
    const { engine, memory } = containers;
    const { name } = this.#config;
    this.#options.log.info("host.start", { name, boot: this.#boot, engine, memory, unconfirmed: kept.length });
    for (const link of this.#links) link.start();
    this.#connectors?.start();
  }

  healthChanged(): void {
    this.#controller.healthChanged();
  }

  engineChanged(): void {
    this.healthChanged();
    // Runtimes and security are part of `hello`, which is said once per socket.
    if (!this.#reporter.outdated()) return;
    for (const link of this.#links) link.redial("runtimes or security changed");
  }

  async drain(): Promise<number> {
    const { containers } = this.#parts;
    const { log } = this.#options;
    // What is sent to brokers' subscribers goes to others from now on.
    await this.#connectors?.close();
    const left = await drainHost(
      { controller: this.#controller, links: this.#links, containers, log },
      { patience: this.#config.drain },
    );
    await Promise.all(this.#links.map((link) => link.close()));
    this.#controller.stop();
    await this.#parts.blobs.close();
    this.#closeState();
    return left;
  }

  async abort(): Promise<void> {
    this.#connectors?.abort();
    await this.#parts.containers.stop({ fast: true });
    this.#closeState();
  }

  #closeState(): void {
    const { disk, outbox, lock, metrics } = this.#parts;
    metrics?.close();
    disk.close();
    outbox.close();
    lock.release();
  }

  #linkTo(shard: number): SchedulerLink {
    const { url, token, takeOver } = this.#config;
    const { log, refused, timing } = this.#options;
    return new SchedulerLink({
      url,
      token,
      shard,
      boot: this.#boot,
      takeOver,
      report: () => {
        const unhealthy = this.#controller.unhealthy();
        return this.#reporter.report(shard, { epoch: this.#controller.epochOf(shard), unhealthy });
      },
      received: (link, messages) => this.#controller.received(link.shard, messages),
      lost: (link) => this.#controller.lost(link.shard),
      ...(refused === undefined ? {} : { refused }),
      log,
      ...(timing === undefined ? {} : { timing }),
    });
  }

  /** What of this machine keeps it from starting anything, or null. */
  #ailing(): string | null {
    const { disk, containers } = this.#parts;
    const { security } = containers;
    return disk.full() ?? (security === undefined ? null : falls(security, this.#config.requireLevel));
  }

  #welcomed(shard: number): void {
    if (!this.#awaited.delete(shard) || this.#awaited.size > 0) return;
    const { name, shards } = this.#config;
    const { containers } = this.#parts;
    const { engine, memory } = containers;
    const kinds = containers.runtimes().map((each) => each.kind);
    const unhealthy = this.#controller.unhealthy();
    this.#options.ready({
      ...{ name, boot: this.#boot, engine, memory, shards, kinds },
      ...(unhealthy === null ? {} : { unhealthy }),
    });
  }
}
