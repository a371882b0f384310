// The engine that isolates: containers on a bridge of their own, watched through the engine's event stream, which is
// also how the engine's own health is known.

import type Docker from "dockerode";
import type { RuntimeReport, SecurityReport } from "../../../src/protocol/messages.ts";
import { DiskWatch } from "../../machine/disk-watch.ts";
import { type Logger, reasonOf } from "../../program/logger.ts";
import {
  type ContainerSpec,
  type Creation,
  type Engine,
  type EngineOptions,
  EngineUnavailable,
  type Fetched,
  type OutputSink,
} from "../engine.ts";
import { Firewall } from "../firewall/firewall.ts";
import type { BridgeNetwork } from "../firewall/firewall-rules.ts";
import { type Forwarder, startForwarder } from "../firewall/forwarder.ts";
import { PROCESS_SECURITY, securityOf } from "../security-level.ts";
import { connectDocker, pingDocker, whyNoEngine } from "./connect.ts";
import { DockerContainer } from "./container.ts";
import { DiskGuard } from "./disk-guard.ts";
import { DockerImages } from "./images.ts";
import { askInfo, type EngineInfo } from "./info.ts";
import { MAX_REMOVAL_MS, removeEach } from "./leftovers.ts";
import { LABEL } from "./names.ts";
import { ensureNetwork } from "./network.ts";
import { DockerPulls } from "./pulls.ts";
import { Reach } from "./reach.ts";
import type { Sandbox } from "./sandbox-pool.ts";
import { DockerSandboxes } from "./sandboxes.ts";
import { type Facts, probeSecurity } from "./security.ts";
import { type EngineEvent, EngineWatch } from "./watch.ts";

const MB_BYTES = 1024 * 1024;
/** ms for what is left when the host ends: whoever cleans up after it, or its next start, removes the rest. */
const ENDING_MS = 5_000;
/** ms the engine may take to list containers. */
const LIST_MS = 60_000;

export class DockerEngine implements Engine {
  readonly name = "docker";
  readonly blackbox = true;
  readonly #docker: Docker;
  readonly #options: EngineOptions;
  readonly #log: Logger;
  readonly #images: DockerImages;
  readonly #pulls: DockerPulls;
  /** Tells this process's containers from those of an earlier one of the same name. */
  readonly #boot = `${process.pid}-${Date.now().toString(36)}`;
  readonly #containers = new Map<string, DockerContainer>();
  readonly #reach: Reach;
  readonly #sandboxes: DockerSandboxes;
  /** Containers of ours that the last look found and nobody here knew. */
  #suspects: ReadonlySet<string> = new Set();
  #forwarder: Forwarder | null = null;
  #firewall: Firewall | null = null;
  #info: EngineInfo = {};
  #facts: Facts | null = null;
  #security: { firewall: true | string; report: SecurityReport } | null = null;
  #apiHost = "";
  #bridgeNetwork: BridgeNetwork | null = null;
  #watch: EngineWatch | null = null;
  #disk: DiskWatch | null = null;
  #guard: DiskGuard | null = null;

  private constructor(docker: Docker, options: EngineOptions) {
    this.#docker = docker;
    this.#options = options;
    this.#log = options.log;
    this.#images = new DockerImages(docker, options.images);
    this.#pulls = new DockerPulls(docker, { ...options.images, log: options.log, changed: () => options.changed() });
    this.#reach = new Reach({ apiHost: "", allow: [], ...options.network, ...options });
    this.#sandboxes = new DockerSandboxes(docker, {
      host: { name: options.name, boot: this.#boot },
      network: this.#reach.network.network,
      reach: () => ({ names: this.#reach.names, hosts: this.#reach.hosts, seccomp: this.#seccomp }),
      prefix: options.images.prefix,
      architecture: () => this.#info.Architecture ?? "",
      log: options.log,
    });
  }

  /** Rejects with EngineUnavailable if no engine answers. Orphans of this host's name are gone when it resolves. */
  static async open(options: EngineOptions): Promise<DockerEngine> {
    const docker = await connectDocker();
    await pingDocker(docker).catch((error) => {
      const why = whyNoEngine(error);
      throw new EngineUnavailable(`${why[0]?.toUpperCase()}${why.slice(1)}.`);
    });
    const self = new DockerEngine(docker, options);
    try {
      await self.#openForwarder(await ensureNetwork(docker, self.#reach.network));
      const orphans = await self.sweep(new Set());
      if (orphans > 0) options.log.info("orphans-removed", { containers: orphans });
      await self.#images.scan();
      await self.#pulls.check();
      self.#info = await askInfo(docker);
      self.#facts = await probeSecurity(docker, self.#info, {
        image: self.runtimes()[0]?.digest,
        disk: options.container.disk ?? 0,
        labels: { [LABEL.host]: options.name, [LABEL.boot]: self.#boot },
      });
      await self.#openWatches();
    } catch (error) {
      await self.close();
      throw new EngineUnavailable(`The Docker engine answers, but cannot be used: ${reasonOf(error)}.`);
    }
    return self;
  }

  /** Only if it is this machine's own: elsewhere there is no such file, or another one. */
  get sharesFiles(): boolean {
    return this.#forwarder !== null;
  }

  runtimes(): RuntimeReport[] {
    return this.#images.reports();
  }

  unhealthy(): string | null {
    return this.#watch?.gone() ?? this.#disk?.full() ?? null;
  }

  get security(): SecurityReport {
    if (this.#facts === null) return PROCESS_SECURITY;
    const { firewall } = this;
    // Each run asks for it.
    if (this.#security?.firewall !== firewall)
      this.#security = { firewall, report: securityOf({ ...this.#facts, firewall }) };
    return this.#security.report;
  }

  impaired(): string | null {
    return this.#pulls.broken();
  }

  fetch(image: string): Promise<Fetched> {
    return this.#pulls.fetch(image);
  }

  async create(spec: ContainerSpec, sink: OutputSink): Promise<Creation> {
    const gone = this.#watch?.gone() ?? null;
    if (gone !== null) return { ok: false, why: "engine", detail: gone };
    const image = await this.#images.find(spec, this.#pulls);
    if (!image.ok) return image;
    const settings = {
      host: { name: this.#options.name, boot: this.#boot },
      image: image.image,
      own: image.own,
      network: this.#reach.network.network,
      apiHost: this.#apiHost,
      names: this.#reach.names,
      hosts: this.#reach.hosts,
      seccomp: this.#seccomp,
      pids: this.#options.container.pids,
      cpuShares: this.#options.container.cpuShares,
      disk: this.#options.container.disk ?? 0,
      quota: this.#facts?.diskQuota === true,
    };
    const start = (sandbox: Sandbox | null) =>
      DockerContainer.start(this.#docker, {
        spec,
        sink,
        guard: this.#guard,
        settings: { ...settings, sandbox },
        made: (made) => this.#containers.set(made.id, made),
        adopted: ({ id }, { namespace, action, revision }) =>
          this.#log.info("container-adopted", { id: id.slice(0, 12), namespace, action, revision }),
      });
    // Other images may write to files that tell of the network.
    const namespace = image.own ? (spec.owner?.namespaceId ?? null) : null;
    try {
      return { ok: true, container: await this.#sandboxes.around(namespace, start) };
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

  async sweep(known: ReadonlySet<string>, { last } = { last: false }): Promise<number> {
    const filters = { label: [`${LABEL.host}=${this.#options.name}`] };
    const asked = performance.now();
    const abortSignal = AbortSignal.timeout(last ? ENDING_MS : LIST_MS);
    const list = await this.#docker.listContainers({ all: true, filters, abortSignal });
    for (const id of this.#containers.keys()) if (!list.some((each) => each.Id === id)) this.#containers.delete(id);
    this.#sandboxes.look(new Set(list.filter((each) => each.State === "running").map((each) => each.Id)), asked);
    const ours = (id: string) => known.has(id) || (this.#containers.has(id) && !last) || this.#sandboxes.has(id);
    const unknown = list.filter((each) => !ours(each.Id));
    // Of our own ones the engine may know before it has told us: those are looked at twice.
    const young = new Set(unknown.filter((each) => each.Labels[LABEL.boot] === this.#boot).map((each) => each.Id));
    const ids = unknown.map((each) => each.Id).filter((id) => last || !young.has(id) || this.#suspects.has(id));
    this.#suspects = young;
    return removeEach(this.#docker, ids, { until: Date.now() + (last ? ENDING_MS : MAX_REMOVAL_MS) });
  }

  async close(): Promise<void> {
    this.#pulls.close();
    this.#watch?.close();
    this.#disk?.close();
    this.#guard?.close();
    await this.#sandboxes.close();
    await this.#forwarder?.close();
    await this.#firewall?.close();
  }

  /** Whether containers reach the forwarder and nothing else of this machine, no metadata address and no other
   * container; or why that is not seen to. */
  get firewall(): true | string {
    return this.#firewall?.state ?? "the engine's containers are not on this machine";
  }

  async #openForwarder(bridgeNetwork: BridgeNetwork): Promise<void> {
    const { gateway } = bridgeNetwork;
    this.#bridgeNetwork = bridgeNetwork;
    try {
      this.#forwarder = await startForwarder({
        listen: gateway,
        target: this.#options.apiUrl,
        port: this.#reach.port,
        whose: (address) => this.#ownerAt(address),
      });
      const { port, url } = this.#forwarder;
      this.#reach.port = port;
      this.#apiHost = this.#reach.origin ?? url;
      await this.#reach.open();
      const { changed } = this.#options;
      const openings = () => this.#reach.openings(gateway);
      this.#firewall = await Firewall.raise(bridgeNetwork, { port, openings, log: this.#log, changed });
    } catch (error) {
      // The engine runs in a virtual machine: its gateway is not an address of this machine.
      this.#apiHost = this.#reach.origin ?? this.#options.apiUrl;
      this.#log.warn("no-forwarder", { gateway, reason: reasonOf(error), apiHost: this.#apiHost });
    }
  }

  get #seccomp(): boolean {
    return this.#facts?.seccomp === true;
  }

  #ownerAt(address: string): string | null {
    for (const container of this.#containers.values())
      if ("host" in container.address && container.address.host === address) return container.namespaceId;
    return null;
  }

  #event({ Type, Action, id }: EngineEvent): void {
    if (Type === "container") {
      if (Action === "die") this.#sandboxes.lost(id ?? "");
      const container = this.#containers.get(id ?? "");
      if (container !== undefined && Action === "oom") container.memoryKills++;
    } else if (Type === "image") {
      this.#images.scanSoon((changed) => changed && this.#options.changed());
    }
  }

  /** The network may be another one by now. */
  async #back(): Promise<void> {
    const bridgeNetwork = await ensureNetwork(this.#docker, this.#reach.network);
    if (JSON.stringify(bridgeNetwork) !== JSON.stringify(this.#bridgeNetwork)) {
      await this.#forwarder?.close();
      await this.#firewall?.close();
      await this.#openForwarder(bridgeNetwork);
    }
    await this.#images.scan();
  }

  async #openWatches(): Promise<void> {
    const { log, minDisk, changed } = this.#options;
    this.#watch = await EngineWatch.open(this.#docker, {
      log,
      event: (event) => this.#event(event),
      back: () => this.#back(),
      changed,
    });
    const folder = this.#info.DockerRootDir ?? "";
    const { disk = 0 } = this.#options.container;
    if (disk > 0) this.#guard = new DiskGuard({ folder, limitBytes: disk * MB_BYTES });
    this.#disk = await DiskWatch.open({
      folder,
      leastMb: minDisk ?? 0,
      changed: (full) => {
        changed();
        if (full !== null) void this.#pulls.shed();
      },
    });
  }
}
