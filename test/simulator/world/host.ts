// A runtime host of a simulated world: the product's links, controller and outbox around simulated containers. Its disk
// outlives its process; each start has a new boot id.

import { Outbox } from "../../../runtime-host/delivery/outbox.ts";
import { Payloads } from "../../../runtime-host/link/payloads.ts";
import { SchedulerLink } from "../../../runtime-host/link/scheduler-link.ts";
import type { Logger } from "../../../runtime-host/program/logger.ts";
import { RunController } from "../../../runtime-host/runs/run-controller.ts";
import { PROTOCOL_VERSION, type SchedulerMessage } from "../../../src/protocol/messages.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";
import type { Network } from "../platform/network.ts";
import { SimContainers } from "./containers.ts";
import type { History } from "./history.ts";
import { type ActionPlan, type HostPlan, suits } from "./scenario.ts";

export interface HostSurroundings {
  kernel: Kernel;
  random: Random;
  network: Network;
  history: History;
  /** What is called by this path. */
  actionOf: (path: string) => ActionPlan | undefined;
  /** Somebody listens to what is sent to it. */
  overheard: (messages: readonly SchedulerMessage[]) => void;
}

export class SimHost {
  readonly plan: HostPlan;
  readonly deaths: { boot: string; at: number }[] = [];
  process: Owner | null = null;
  containers: SimContainers | null = null;
  /** An operator wants nothing new to start here. */
  draining = false;
  /** What it can run from its next start on. */
  kinds: string[];
  /** Since when every shard's scheduler has this boot's inventory and nothing runs; null otherwise. */
  idleSince: number | null = null;
  #around: HostSurroundings;
  #boots = 0;
  #open: () => boolean = () => false;
  #unconfirmed: () => number = () => 0;

  constructor(plan: HostPlan, around: HostSurroundings) {
    this.plan = plan;
    this.kinds = plan.kinds;
    this.#around = around;
  }

  get #disk(): string {
    return this.plan.disk ?? this.plan.name;
  }

  /** Somebody starts this host a second time, in another folder. */
  twin(): SimHost {
    const twin = new SimHost({ ...this.plan, disk: `${this.plan.name}-twin` }, this.#around);
    twin.start();
    return twin;
  }

  /** Records the store has not confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed();
  }

  /** Every shard's socket is open at both ends. */
  get connected(): boolean {
    return this.up && this.#open();
  }

  get up(): boolean {
    return this.process?.alive === true && this.process.frozen !== true;
  }

  /** ms for which it has been there, with nothing to do. */
  idleFor(): number {
    const { idleSince, containers } = this;
    if (idleSince === null || containers === null || containers.stats().running > 0) return 0;
    return this.#around.kernel.elapsed - Math.max(idleSince, containers.changedAt);
  }

  /** Whether it could run this as it is now. */
  suits(action: ActionPlan): boolean {
    return suits(this.plan, this.containers?.kinds ?? [], action);
  }

  start(): void {
    if (this.process?.alive) return;
    const { kernel } = this.#around;
    const boot = `${this.#disk}.b${++this.#boots}`;
    const owner: Owner = { label: boot, alive: true };
    this.process = owner;
    kernel.after(0, owner, () => this.#compose(boot, owner));
  }

  /** kill -9, or the power goes: then nobody hears the connection break. */
  kill(options: { silent: boolean }): void {
    const { process } = this;
    if (!process?.alive) return;
    const { kernel, network } = this.#around;
    kernel.trace(`${process.label} killed`);
    process.alive = false;
    this.deaths.push({ boot: process.label, at: kernel.elapsed });
    for (const socket of network.sockets(process)) network.hangUp(socket, options);
  }

  freeze(ms: number): void {
    const { process } = this;
    if (!process?.alive || process.frozen) return;
    const { kernel } = this.#around;
    kernel.trace(`${process.label} frozen for ${ms}`);
    kernel.freeze(process);
    kernel.after(ms, null, () => {
      kernel.trace(`${process.label} thaws`);
      kernel.thaw(process);
    });
  }

  /** It stands still most of the time, but never for long. */
  slow(ms: number): void {
    for (let at = 0; at < ms; at += 1_000) this.#around.kernel.after(at, null, () => this.freeze(900));
  }

  /** Called now and then. */
  observe(): void {
    const idle = this.connected && !this.draining && this.containers?.stats().running === 0;
    if (!idle) this.idleSince = null;
    else this.idleSince ??= this.#around.kernel.elapsed;
  }

  #compose(boot: string, owner: Owner): void {
    const { kernel, random, history, actionOf } = this.#around;
    const { name, memory, shards, labels, slowness } = this.plan;
    const containers = new SimContainers({
      ...{ kernel, random: random.fork(), history, owner, host: name, boot, actionOf },
      ...{ memory: memory * shards, kinds: this.kinds, labels, slowness },
    });
    this.containers = containers;
    const log = logger(kernel, boot);
    const { outbox, kept } = Outbox.open({
      dir: `/disk/${this.#disk}`,
      bounds: { records: 10_000, bytes: 64 * 1024 * 1024 },
      fsync: false,
      log,
      changed: () => controller.healthChanged(),
    });
    const links = Array.from({ length: shards }, (_, shard) => {
      return new SchedulerLink({
        url: `http://${name}`,
        token: "token",
        shard,
        boot,
        report: () => ({
          ...{ version: PROTOCOL_VERSION, host: name, shard, boot, build: "sim", engine: "process", memory },
          ...(labels.length === 0 ? {} : { labels }),
          ...{ runtimes: containers.runtimes(), blackbox: false, epoch: controller.epochOf(shard) },
        }),
        received: (_link, messages) => {
          this.#around.overheard(messages);
          controller.received(shard, messages);
        },
        lost: () => controller.lost(shard),
        log,
      });
    });
    const nothing = (): never => {
      throw new Error("no blobs and no code in this world");
    };
    const controller = new RunController({
      ...{ host: name, boot, memory, links, containers, outbox, kept, log },
      payloads: new Payloads({ putBlob: nothing }, log),
      blobs: { getBlob: nothing },
      code: { get: nothing },
      welcomed: () => {},
    });
    this.#unconfirmed = () => controller.unconfirmed;
    this.#open = () => this.#around.network.sockets(owner).length >= links.length;
    for (const link of links) link.start();
  }
}

function logger(kernel: Kernel, boot: string): Logger {
  const line = (event: string, fields?: object): void =>
    kernel.trace(`${boot} log ${event} ${JSON.stringify(fields ?? {})}`);
  const silent = (): void => {};
  const self: Logger = { debug: silent, info: silent, warn: line, error: line, with: () => self };
  return self;
}
