// The engine that isolates: containers on a bridge of their own, watched through the engine's event stream, which is also how
// the engine's own health is known.

import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { RuntimeReport } from "../../src/protocol/messages.ts";
import type { ContainersOptions } from "../container/contract.ts";
import { type Forwarder, startForwarder } from "../forwarder.ts";
import { type Logger, reasonOf } from "../logger.ts";
import { connectDocker, pingDocker } from "./docker-connect.ts";
import { DockerContainer } from "./docker-container.ts";
import { DockerImages } from "./docker-images.ts";
import { LONGEST, removeEach } from "./docker-leftovers.ts";
import { LABEL } from "./docker-names.ts";
import { ensureNetwork, NETWORK } from "./docker-network.ts";
import { DockerPulls } from "./docker-pulls.ts";
import type { ContainerSpec, Creation, Engine, Fetched, OutputSink } from "./engine.ts";
import { EngineUnavailable } from "./engine.ts";
import { Firewall } from "./firewall.ts";
import type { Ground } from "./firewall-rules.ts";

const RECONNECT = 1_000;
const GONE = "the Docker engine does not answer";

type Options = Pick<ContainersOptions, "name" | "apiUrl" | "images" | "container" | "log" | "changed">;

export class DockerEngine implements Engine {
  readonly name = "docker";
  readonly blackbox = true;
  readonly #docker: Docker;
  readonly #options: Options;
  readonly #log: Logger;
  readonly #images: DockerImages;
  readonly #pulls: DockerPulls;
  /** Tells this process's containers from those of an earlier one of the same name. */
  readonly #boot = `${process.pid}-${Date.now().toString(36)}`;
  readonly #containers = new Map<string, DockerContainer>();
  /** Containers of ours that the last look found and nobody here knew. */
  #suspects: ReadonlySet<string> = new Set();
  #forwarder: Forwarder | null = null;
  #firewall: Firewall | null = null;
  #apiHost = "";
  #unhealthy: string | null = null;
  #events: Readable | null = null;
  #closed = false;

  private constructor(docker: Docker, options: Options) {
    this.#docker = docker;
    this.#options = options;
    this.#log = options.log;
    this.#images = new DockerImages(docker, options.images);
    this.#pulls = new DockerPulls(docker, { ...options.images, log: options.log, changed: () => options.changed() });
  }

  /** Rejects with EngineUnavailable if no engine answers. Orphans of this host's name are gone when it resolves. */
  static async open(options: Options): Promise<DockerEngine> {
    const docker = await connectDocker();
    await pingDocker(docker).catch((error) => {
      throw new EngineUnavailable(`No Docker engine answers (${reasonOf(error)}).`);
    });
    const self = new DockerEngine(docker, options);
    try {
      await self.#openForwarder(await ensureNetwork(docker));
      const orphans = await self.sweep(new Set());
      if (orphans > 0) options.log.info("orphans-removed", { containers: orphans });
      await self.#images.scan();
      await self.#pulls.check();
      await self.#watch();
    } catch (error) {
      await self.close();
      throw new EngineUnavailable(`The Docker engine answers, but cannot be used: ${reasonOf(error)}.`);
    }
    return self;
  }

  runtimes(): RuntimeReport[] {
    return this.#images.reports();
  }

  unhealthy(): string | null {
    return this.#unhealthy;
  }

  impaired(): string | null {
    return this.#pulls.broken();
  }

  fetch(image: string): Promise<Fetched> {
    return this.#pulls.fetch(image);
  }

  async create(spec: ContainerSpec, sink: OutputSink): Promise<Creation> {
    if (this.#unhealthy !== null) return { ok: false, why: "engine", detail: this.#unhealthy };
    const image = await this.#images.find(spec, this.#pulls);
    if (!image.ok) return image;
    try {
      const container = await DockerContainer.start(this.#docker, {
        spec,
        sink,
        settings: {
          host: { name: this.#options.name, boot: this.#boot },
          image: image.image,
          own: image.own,
          network: NETWORK,
          apiHost: this.#apiHost,
          pids: this.#options.container.pids,
          cpuShares: this.#options.container.cpuShares,
        },
        made: (made) => this.#containers.set(made.id, made),
      });
      return { ok: true, container };
    } catch (error) {
      const { statusCode } = error as { statusCode?: number };
      const detail = reasonOf(error);
      if (statusCode === undefined) return { ok: false, why: "engine", detail };
      if (statusCode === 404 && /no such image/i.test(detail)) return { ok: false, why: "pull", detail };
      if (/executable file not found|no such file or directory/i.test(detail))
        return { ok: false, why: "command", detail };
      return { ok: false, why: "provision", detail };
    }
  }

  async sweep(known: ReadonlySet<string>): Promise<number> {
    const filters = { label: [`${LABEL.host}=${this.#options.name}`] };
    const list = await this.#docker.listContainers({ all: true, filters });
    for (const id of this.#containers.keys()) if (!list.some((each) => each.Id === id)) this.#containers.delete(id);
    const unknown = list.filter((each) => !known.has(each.Id) && !this.#containers.has(each.Id));
    // Of our own ones the engine may know before it has told us: those are looked at twice.
    const young = new Set(unknown.filter((each) => each.Labels[LABEL.boot] === this.#boot).map((each) => each.Id));
    const ids = unknown.map((each) => each.Id).filter((id) => !young.has(id) || this.#suspects.has(id));
    this.#suspects = young;
    return removeEach(this.#docker, ids, Date.now() + LONGEST);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pulls.close();
    this.#events?.destroy();
    await this.#forwarder?.close();
    await this.#firewall?.close();
  }

  /** Whether containers reach the forwarder and nothing else of this machine, no metadata address and no other container; or why
   * that is not seen to. */
  get firewall(): true | string {
    return this.#firewall?.state ?? "the engine's containers are not on this machine";
  }

  /** For the pool's word that a container is gone. */
  forget(id: string): void {
    this.#containers.delete(id);
  }

  async #openForwarder(ground: Ground): Promise<void> {
    const { gateway } = ground;
    try {
      this.#forwarder = await startForwarder({ listen: gateway, target: this.#options.apiUrl });
      this.#apiHost = this.#forwarder.url;
      const { changed } = this.#options;
      this.#firewall = await Firewall.raise(ground, { port: this.#forwarder.port, log: this.#log, changed });
    } catch (error) {
      // The engine runs in a virtual machine: its gateway is not an address of this machine.
      this.#apiHost = this.#options.apiUrl;
      this.#log.warn("no-forwarder", { gateway, reason: reasonOf(error), apiHost: this.#apiHost });
    }
  }

  /** Events as long as the engine lives; when they end it has gone, and is asked until it is back. */
  async #watch(): Promise<void> {
    const stream = (await this.#docker.getEvents({
      filters: {
        type: ["container", "image"],
        event: ["oom", "tag", "untag", "delete", "load", "import", "pull"],
      },
    })) as Readable;
    if (this.#closed) {
      stream.destroy();
      return;
    }
    this.#events = stream;
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line !== "") this.#event(line);
    });
    let over = false;
    const lost = () => {
      if (over || this.#closed) return;
      over = true;
      this.#say(GONE);
      void this.#reconnect();
    };
    stream.on("end", lost).on("close", lost).on("error", lost);
  }

  #event(line: string): void {
    let event: { Type?: string; Action?: string; id?: string };
    try {
      event = JSON.parse(line);
    } catch {
      return;
    }
    if (event.Type === "container") {
      const container = this.#containers.get(event.id ?? "");
      if (container !== undefined && event.Action === "oom") container.memoryKills++;
    } else if (event.Type === "image") {
      this.#images.scanSoon((changed) => changed && this.#options.changed());
    }
  }

  async #reconnect(): Promise<void> {
    while (!this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, RECONNECT).unref());
      try {
        await pingDocker(this.#docker);
        await ensureNetwork(this.#docker);
        await this.#images.scan();
        await this.#watch();
        return this.#say(null);
      } catch (error) {
        this.#log.debug("engine-not-back", { reason: reasonOf(error) });
      }
    }
  }

  #say(unhealthy: string | null): void {
    if (this.#unhealthy === unhealthy) return;
    this.#unhealthy = unhealthy;
    if (unhealthy === null) this.#log.info("engine-back");
    else this.#log.error("engine-gone", { reason: unhealthy });
    this.#options.changed();
  }
}
