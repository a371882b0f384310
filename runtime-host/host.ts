// The host as one object: what its parts are and how they hang together. Everything that differs between the program and a
// test comes in through the options.

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type HostReport, PROTOCOL_VERSION } from "../src/protocol/messages.ts";
import type { HostConfig } from "./config.ts";
import { CodeCache } from "./container/code-cache.ts";
import type { Containers } from "./container/contract.ts";
import { Outbox } from "./delivery/outbox.ts";
import { falls } from "./engine/security-level.ts";
import { openSideDoor } from "./link/blob-api.ts";
import { Payloads } from "./link/payloads.ts";
import { type LinkTiming, SchedulerLink } from "./link/scheduler-link.ts";
import { DiskWatch } from "./machine/disk-watch.ts";
import { lockState } from "./machine/state-lock.ts";
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
  const { log } = options;
  const boot = randomUUID();
  await mkdir(config.state, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new Error(`The state folder ${config.state} cannot be made: ${error.message}.`);
  });
  const lock = lockState(config.state);
  if (lock.kind === "locked") {
    throw new Error(
      `The state folder ${config.state} is in use by process ${lock.owner.pid}: give each host its own --state.`,
    );
  }

  const sideDoor = openSideDoor({ url: config.url, token: config.token });
  const code = await CodeCache.open({
    dir: join(config.state, "code"),
    bytes: config.codeCache,
    fetch: sideDoor.getCode,
    log,
  });
  let dispatcher: RunController | null = null;
  let links: SchedulerLink[] = [];
  const { outbox, kept } = Outbox.open({
    dir: join(config.state, "outbox"),
    bounds: config.outbox,
    fsync: config.outbox.fsync,
    log,
    changed: () => dispatcher?.healthChanged(),
  });

  let said = "";
  const containers = await options.openContainers({
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
    changed: () => {
      dispatcher?.healthChanged();
      // Runtimes and security are part of `hello`, which is said once per socket.
      if (dispatcher === null || said === saying()) return;
      for (const link of links) link.redial("runtimes or security changed");
    },
  });

  const saying = () => JSON.stringify([containers.runtimes(), containers.security]);
  const disk = await DiskWatch.open({
    folder: config.state,
    least: config.minDisk,
    changed: () => dispatcher?.healthChanged(),
  });

  const memory = Math.floor(containers.memory / config.shards);
  const report = (shard: number): HostReport => {
    const runtimes = containers.runtimes();
    said = saying();
    const unhealthy = dispatcher?.unhealthy() ?? null;
    const impaired = containers.impaired?.() ?? null;
    return {
      version: PROTOCOL_VERSION,
      host: config.name,
      shard,
      boot,
      build: config.build,
      engine: containers.engine,
      memory,
      runtimes,
      blackbox: containers.blackbox,
      epoch: dispatcher?.epochOf(shard) ?? 0,
      follows: true,
      ...(config.labels.length === 0 ? {} : { labels: [...config.labels] }),
      ...(unhealthy === null ? {} : { unhealthy }),
      ...(impaired === null ? {} : { impaired }),
      ...(containers.security === undefined ? {} : { security: containers.security }),
    };
  };
  links = Array.from(
    { length: config.shards },
    (_, shard) =>
      new SchedulerLink({
        url: config.url,
        token: config.token,
        shard,
        boot,
        takeOver: config.takeOver,
        report: () => report(shard),
        received: (link, messages) => dispatcher?.received(link.shard, messages),
        lost: (link) => dispatcher?.lost(link.shard),
        ...(options.refused === undefined ? {} : { refused: options.refused }),
        log,
        ...(options.timing === undefined ? {} : { timing: options.timing }),
      }),
  );

  const awaited = new Set(links.map((link) => link.shard));
  const started = new RunController({
    host: config.name,
    boot,
    memory,
    links,
    containers,
    outbox,
    kept,
    payloads: new Payloads(sideDoor, log),
    sideDoor,
    code,
    ailing: () =>
      disk.full() ?? (containers.security === undefined ? null : falls(containers.security, config.requireLevel)),
    log,
    welcomed: (shard) => {
      if (!awaited.delete(shard) || awaited.size > 0) return;
      const kinds = containers.runtimes().map((each) => each.kind);
      const { engine, memory } = containers;
      const unhealthy = dispatcher?.unhealthy() ?? null;
      options.ready({
        ...{ name: config.name, boot, engine, memory, shards: config.shards, kinds },
        ...(unhealthy === null ? {} : { unhealthy }),
      });
    },
  });
  dispatcher = started;
  log.info("host.start", {
    name: config.name,
    boot,
    engine: containers.engine,
    memory: containers.memory,
    unconfirmed: kept.length,
  });
  for (const link of links) link.start();

  const close = async () => {
    await Promise.all(links.map((link) => link.close()));
    started.stop();
    disk.close();
    await sideDoor.close();
    outbox.close();
    lock.release();
  };
  return {
    async drain() {
      const left = await drainHost({ dispatcher: started, links, containers, log }, { patience: config.drain });
      await close();
      return left;
    },
    async abort() {
      await containers.stop({ fast: true });
      disk.close();
      outbox.close();
      lock.release();
    },
  };
}
