// Sandboxes on a real engine: makes them, lends them to containers, removes them. sandbox-pool.ts decides.

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { type Logger, reasonOf } from "../../program/logger.ts";
import type { DockerContainer } from "./container.ts";
import { removeEach } from "./leftovers.ts";
import { makeSandbox, sandboxImage } from "./sandbox.ts";
import { type Sandbox, SandboxPool } from "./sandbox-pool.ts";
import type { ContainerSettings } from "./settings.ts";

export interface SandboxesOptions {
  readonly host: { name: string; boot: string };
  readonly network: string;
  /** What containers are told and may do; see ContainerSettings. */
  reach(): Pick<ContainerSettings, "names" | "hosts" | "seccomp">;
  /** Of image names that are never pulled for a caller. */
  readonly prefix: string;
  /** The engine's machine, in the engine's words; known before the first is made. */
  architecture(): string;
  readonly log: Logger;
}

/** ms without any start or removal before the engine is given work that nobody waits for. */
const CALM_MS = 150;
/** ms before another is made after one failed. */
const PAUSE_MS = 60_000;
/** ms for removing what has come together. */
const CLEARING_MS = 60_000;
/** ms for the same when the host ends: whoever cleans up after it, or its next start, removes the rest. */
const CLOSING_MS = 5_000;

export class DockerSandboxes {
  readonly #docker: Docker;
  readonly #options: SandboxesOptions;
  readonly #pool = new SandboxPool();
  readonly #byId = new Map<string, Sandbox>();
  /** Ids of the containers in them. */
  readonly #tenants = new Map<Sandbox, string>();
  #image: string | null = null;
  #number = 0;
  #starting = 0;
  #notBefore = 0;
  #tidying = false;
  #closed = false;
  readonly #makings = new Set<Promise<unknown>>();
  /** Ids. */
  #retiring: string[] = [];
  #clearing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(docker: Docker, options: SandboxesOptions) {
    this.#docker = docker;
    this.#options = options;
  }

  /** Starts a container of this namespace (null: nobody's yet), in a sandbox where there is one for it.
   * Where that fails, without. */
  async around(
    namespace: string | null,
    start: (sandbox: Sandbox | null) => Promise<DockerContainer>,
  ): Promise<DockerContainer> {
    this.#starting++;
    try {
      const sandbox = namespace === null ? null : await this.#find(namespace);
      if (sandbox !== null) {
        try {
          const container = await start(sandbox);
          this.#tenants.set(sandbox, container.id);
          return this.#follow(container, namespace, sandbox);
        } catch (error) {
          this.#drop(sandbox);
          if ((error as { statusCode?: number }).statusCode === undefined) throw error;
          this.#notBefore = performance.now() + PAUSE_MS;
          this.#options.log.debug("sandbox-unusable", { reason: reasonOf(error) });
        }
      }
      return this.#follow(await start(null), namespace, null);
    } finally {
      this.#starting--;
      this.#tidySoon();
    }
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** It has ended: who is in it is cut off from the world and is ended as well. */
  lost(id: string): void {
    const sandbox = this.#byId.get(id);
    if (sandbox === undefined) return;
    const tenant = this.#tenants.get(sandbox);
    this.#options.log.warn("sandbox-lost", { tenants: tenant === undefined ? 0 : 1 });
    this.#drop(sandbox);
    if (tenant !== undefined)
      this.#docker
        .getContainer(tenant)
        .kill()
        .catch(() => undefined);
  }

  /** Which containers run, as the engine listed them when it was asked. */
  look(running: ReadonlySet<string>, asked: number): void {
    for (const [id, { made }] of this.#byId) if (made < asked && !running.has(id)) this.lost(id);
    this.#tidySoon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const all = async () => {
      await Promise.all(this.#makings);
      for (const sandbox of this.#pool.all) this.#drop(sandbox);
      await this.#clearing;
    };
    await Promise.race([all(), sleep(CLOSING_MS, undefined, { ref: false })]);
  }

  #follow(container: DockerContainer, namespace: string | null, sandbox: Sandbox | null): DockerContainer {
    let home = namespace;
    if (home !== null) this.#pool.arrived(home);
    const { onAdopted } = container;
    container.onAdopted = (owner) => {
      onAdopted?.(owner);
      home ??= owner.namespaceId;
      this.#pool.arrived(home);
    };
    container.onRemoved = (sound) => {
      const now = performance.now();
      if (home !== null) this.#pool.left(home, now);
      if (sandbox !== null) {
        this.#tenants.delete(sandbox);
        if (sound && !this.#closed && this.#byId.has(sandbox.id)) this.#pool.freed(sandbox, now);
        else this.#drop(sandbox);
      }
      for (const each of this.#pool.due(now)) this.#drop(each);
      this.#tidySoon();
    };
    return container;
  }

  async #find(namespace: string): Promise<Sandbox | null> {
    const now = performance.now();
    const offer = this.#pool.offer(namespace, now);
    if (typeof offer === "object") return offer.use;
    if (offer === "none" || now < this.#notBefore) return null;
    return this.#make(namespace);
  }

  /** Null where it cannot be made. */
  #make(namespace: string | null): Promise<Sandbox | null> {
    const making = this.#tryToMake(namespace).finally(() => this.#makings.delete(making));
    this.#makings.add(making);
    return making;
  }

  async #tryToMake(namespace: string | null): Promise<Sandbox | null> {
    const { log, host, network, prefix, reach, architecture } = this.#options;
    try {
      this.#image ??= await sandboxImage(this.#docker, { prefix, architecture: architecture() });
      if (this.#image === null) {
        this.#notBefore = Number.POSITIVE_INFINITY;
        return null;
      }
      const number = ++this.#number;
      const sandbox = await makeSandbox(this.#docker, { image: this.#image, host, network, number, ...reach() });
      this.#byId.set(sandbox.id, sandbox);
      this.#pool.made(sandbox, namespace, sandbox.made);
      return sandbox;
    } catch (error) {
      // It is a matter of speed only: containers get networks of their own.
      this.#notBefore = performance.now() + PAUSE_MS;
      if ((error as { statusCode?: number }).statusCode === 404) this.#image = null;
      log.debug("no-sandbox", { reason: reasonOf(error) });
      return null;
    }
  }

  #drop(sandbox: Sandbox): void {
    this.#pool.forget(sandbox);
    this.#tenants.delete(sandbox);
    if (!this.#byId.delete(sandbox.id)) return;
    this.#retiring.push(sandbox.id);
    if (this.#retiring.length > 1) return;
    this.#clearing = this.#clearing.then(() => this.#clear());
  }

  /** One at a time: each takes a network with it, and engines have locked themselves up over several. What cannot be
   * removed now is a stray, and swept as one. */
  async #clear(): Promise<void> {
    while (this.#retiring.length > 0)
      await removeEach(this.#docker, this.#retiring.splice(0), { until: Date.now() + CLEARING_MS, atOnce: 1 });
  }

  #tidySoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#tidy(), CALM_MS).unref();
  }

  /** Nobody waits for this: one thing at a time, and not while others have work for the engine. */
  async #tidy(): Promise<void> {
    if (this.#tidying || this.#starting > 0 || this.#closed) return;
    this.#tidying = true;
    try {
      const now = performance.now();
      for (const sandbox of this.#pool.due(now)) this.#drop(sandbox);
      if (now < this.#notBefore || !this.#pool.lacksSpare(now)) return;
      if ((await this.#make(null)) !== null) this.#tidySoon();
    } finally {
      this.#tidying = false;
    }
  }
}
