// One Docker container: made, attached to before it starts (nothing it prints is lost), started, found.

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { cgroupNumber } from "../../machine/cgroups.ts";
import type { Address, ContainerOwner, ContainerSpec, Death, EngineContainer, OutputSink } from "../engine.ts";
import { attach } from "./attach.ts";
import type { DiskGuard } from "./disk-guard.ts";
import { DockerFrames } from "./frames.ts";
import { closeNames } from "./resolver.ts";
import { type ContainerSettings, createOptions } from "./settings.ts";

const MEMORY_USED = { v1: "memory.usage_in_bytes", v2: "memory.current" };
const MEMORY_KILLS = { v1: "memory.oom_control", v2: "memory.events" };
const PORT = 8080;
/** Nobody listens there: what connects is refused at once. */
const NOWHERE: Address = { host: "127.0.0.1", port: 1 };
const MB_BYTES = 1024 * 1024;
/** MB outside its cgroup: the engine's own process for it, its network, its mounts. */
const BESIDE_MB = 6;
/** MB more where the network is another container's. */
const SANDBOX_MB = 5;
/** ms the engine may take to say why a container ended. */
const DEATH_WAIT_MS = 1_000;

export class DockerContainer implements EngineContainer {
  readonly id: string;
  address: Address = NOWHERE;
  memoryKills = 0;
  onAdopted: ((owner: ContainerOwner) => void) | null = null;
  /** Called once it is gone. `sound`: it could be reached, and nothing of it can be left. */
  onRemoved: ((sound: boolean) => void) | null = null;
  /** Null while it is nobody's. */
  namespaceId: string | null;
  readonly #container: Docker.Container;
  readonly #options: { spec: ContainerSpec; settings: ContainerSettings };
  #removal: Promise<void> | null = null;
  #reached = false;
  #guard: DiskGuard | null = null;
  #tookTheDisk = false;

  private constructor(container: Docker.Container, options: { spec: ContainerSpec; settings: ContainerSettings }) {
    this.id = container.id;
    this.#container = container;
    this.#options = options;
    this.namespaceId = options.spec.owner?.namespaceId ?? null;
  }

  /** Rejects with the engine's error; what was made by then is removed. `made` is told the id before it starts. */
  static async start(
    docker: Docker,
    options: {
      spec: ContainerSpec;
      settings: ContainerSettings;
      sink: OutputSink;
      made: (it: DockerContainer) => void;
      /** Its labels cannot tell any more whose it is. */
      adopted?: (it: DockerContainer, owner: ContainerOwner) => void;
      guard?: DiskGuard | null;
    },
  ): Promise<DockerContainer> {
    const { spec, settings, sink } = options;
    const self = new DockerContainer(await docker.createContainer(createOptions(spec, settings)), { spec, settings });
    options.made(self);
    self.onAdopted = (owner) => options.adopted?.(self, owner);
    // The sink is another's as soon as this start has failed.
    const life = { started: false, over: false };
    const tell = () => life.started && life.over && sink.ended();
    const over = () => {
      life.over = true;
      tell();
    };
    try {
      const frames = new DockerFrames((from, bytes) => sink.output(from, bytes));
      await attach(docker, self.id, { data: (chunk) => frames.push(chunk), over });
      await self.#container.start();
      const info = await self.#container.inspect();
      const { NetworkSettings } = info;
      self.#watchDisk(options.guard ?? null, info);
      if (settings.names !== null && (settings.sandbox ?? null) === null) await closeNames(info.State.Pid);
      const host = settings.sandbox?.address ?? NetworkSettings.Networks[settings.network]?.IPAddress ?? "";
      if (host !== "") self.address = { host, port: PORT };
      life.started = true;
      tell();
      return self;
    } catch (error) {
      await self.remove().catch(() => undefined);
      throw error;
    }
  }

  #watchDisk(guard: DiskGuard | null, info: Docker.ContainerInspectInfo): void {
    // Not all storage drivers have one, and the types know of none.
    const { UpperDir } = (info.GraphDriver?.Data ?? {}) as { UpperDir?: string };
    if (guard === null || UpperDir === undefined || this.#removal !== null) return;
    const volumes = info.Mounts.filter((each) => each.Type === "volume").map((each) => each.Source);
    this.#guard = guard;
    guard.watch({ id: this.id, folders: [UpperDir, ...volumes], exceeded: () => this.#overDisk() });
  }

  #overDisk(): void {
    this.#tookTheDisk = true;
    this.#container.kill().catch(() => undefined);
  }

  async pause(): Promise<void> {
    await this.#container.pause();
  }

  residentMb(): number | null {
    const bytes = cgroupNumber(this.id, MEMORY_USED, /^(\d+)$/m);
    const { sandbox = null } = this.#options.settings;
    return bytes === null ? null : bytes / MB_BYTES + BESIDE_MB + (sandbox === null ? 0 : SANDBOX_MB);
  }

  async resume(): Promise<void> {
    await this.#container.unpause();
  }

  adopted(owner: ContainerOwner): void {
    this.namespaceId = owner.namespaceId;
    this.onAdopted?.(owner);
  }

  reached(): void {
    this.#reached = true;
  }

  remove(): Promise<void> {
    this.#guard?.forget(this.id);
    this.#removal ??= this.#container.remove({ force: true, v: true }).then(
      () => this.onRemoved?.(this.#reached),
      (error: { statusCode?: number }) => {
        // Gone, or somebody is removing it.
        if (error.statusCode === 404 || error.statusCode === 409) return this.onRemoved?.(false);
        this.#removal = null;
        throw error;
      },
    );
    return this.#removal;
  }

  async death(): Promise<Death> {
    const until = performance.now() + DEATH_WAIT_MS;
    for (let pause = 5; performance.now() < until; pause = Math.min(pause * 2, 100)) {
      if (this.#tookTheDisk) return "disk";
      if (this.killedForMemory(0)) return "memory";
      let state: Docker.ContainerInspectInfo["State"];
      try {
        state = (await this.#container.inspect()).State;
      } catch (error) {
        return (error as { statusCode?: number }).statusCode === undefined ? "engine" : this.#verdict();
      }
      if (state.OOMKilled) return "memory";
      // SIGKILL by nobody we know: the flag for memory may follow.
      if (!state.Running && state.ExitCode !== 137) return "exit";
      await sleep(pause);
    }
    return this.#verdict();
  }

  killedForMemory(before: number): boolean {
    return this.memoryKills > before || this.#countedKills() > before;
  }

  /** As the kernel counts them, where the engine runs on this machine. */
  #countedKills(): number {
    return cgroupNumber(this.id, MEMORY_KILLS, /^oom_kill (\d+)$/m) ?? 0;
  }

  #verdict(): Death {
    return this.memoryKills > 0 ? "memory" : "exit";
  }
}
