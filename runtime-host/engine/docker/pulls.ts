// Gets the images that black box actions name, as the operator's rules say,
// and knows when the road to a registry is broken.

import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { type Logger, reasonOf } from "../../program/logger.ts";
import type { Fetched } from "../engine.ts";
import {
  faultOf,
  fromUserRegistry,
  HUB,
  type ImageName,
  localName,
  parseCredentials,
  parseImage,
  type RegistryCredential,
  type RegistryOptions,
  wishFor,
} from "../registry/registry-rules.ts";
import { RegistryWatch } from "../registry/registry-watch.ts";
import { lookAt } from "./connect.ts";
import { PullLimit } from "./pull-limit.ts";

const PULL_TIMEOUT_MS = 300_000;
/** Bytes of an engine's sentence that reach a record. */
const MAX_DETAIL = 500;
const MAX_REMEMBERED = 10_000;
const MAX_FILE_BYTES = 1024 * 1024;
const PLAIN: RegistryOptions = { pull: new Map(), userRegistry: "", credentials: null };

export interface PullsOptions {
  /** Names beginning so are ours: whoever asks for one gets what is here, never what a registry has under that name. */
  prefix: string;
  registries?: RegistryOptions;
  log: Logger;
  /** broken() has changed. */
  changed(): void;
}

type Pulled = { ok: true } | { ok: false; why: "pull" | "engine"; detail: string };

export class DockerPulls {
  readonly #docker: Docker;
  readonly #options: PullsOptions;
  readonly #registries: RegistryOptions;
  readonly #limit = new PullLimit({ each: 4, all: 32 });
  /** Images got for callers, the one not asked for longest first. */
  readonly #got = new Set<string>();
  readonly #running = new Map<string, Promise<Pulled>>();
  readonly #registryWatch: RegistryWatch;

  constructor(docker: Docker, options: PullsOptions) {
    this.#docker = docker;
    this.#options = options;
    this.#registries = options.registries ?? PLAIN;
    const { retryEvery } = this.#registries;
    this.#registryWatch = new RegistryWatch({
      look: async (name) => lookAt(docker, name, (await this.#credentials()).get(name.registry)),
      log: options.log,
      changed: () => options.changed(),
      ...(retryEvery === undefined ? {} : { everyMs: retryEvery }),
    });
  }

  /** Rejects with a sentence if the credentials cannot be read. */
  async check(): Promise<void> {
    await this.#credentials();
  }

  /** Why black box images cannot be had, though nothing is wrong with their names; or null. */
  broken(): string | null {
    const list = this.#registryWatch.reasons();
    return list.length === 0 ? null : `images cannot be pulled from ${list.join("; ")}`;
  }

  /** Sees to it that the image is here, as new as the rules ask for. Never rejects. */
  async fetch(image: string): Promise<Fetched> {
    const named = this.#nameOf(image);
    if (named === null) return { ok: false, why: "pull", detail: "this is not the name of an image" };
    const { name, ours } = named;
    const wish = ours ? "local" : wishFor(name, this.#registries.pull);
    if (wish === "local" || wish === "local-first") {
      const here = await this.find(image);
      if (here !== null) return { ok: true };
      if (wish === "local") return { ok: false, why: "pull", detail: "it is not on this host, which may not pull it" };
    }
    const pulled = await this.#pull(name);
    if (pulled.ok) this.#remember(localName(name));
    if (pulled.ok || (wish === "pull-first" && (await this.find(image)) !== null)) return { ok: true };
    return pulled;
  }

  /** The local image by that name. Containers are made of its id,
   * so that a name that moves in between changes nothing. */
  async find(image: string): Promise<{ id: string; tags: string[]; labels: Record<string, string> } | null> {
    const named = this.#nameOf(image);
    if (named === null) return null;
    try {
      const { Id, RepoTags, Config } = await this.#docker.getImage(localName(named.name)).inspect();
      return { id: Id, tags: RepoTags ?? [], labels: Config.Labels ?? {} };
    } catch {
      return null;
    }
  }

  /** Removes images got for callers that no container needs, for their disk space. Returns how many. */
  async shed(): Promise<number> {
    let removed = 0;
    for (const name of [...this.#got]) {
      if (this.#running.has(name)) continue;
      const done = await this.#docker
        .getImage(name)
        .remove()
        .then(
          () => true,
          (error: { statusCode?: number }) => error.statusCode === 404,
        );
      if (!done) continue;
      this.#got.delete(name);
      removed++;
    }
    if (removed > 0) this.#options.log.warn("images-removed", { images: removed, reason: "the disk is full" });
    return removed;
  }

  close(): void {
    this.#registryWatch.close();
  }

  #remember(name: string): void {
    this.#got.delete(name);
    this.#got.add(name);
    const [oldest = ""] = this.#got;
    if (this.#got.size > MAX_REMEMBERED) this.#got.delete(oldest);
  }

  #nameOf(image: string): { name: ImageName; ours: boolean } | null {
    const name = parseImage(image);
    if (name === null) return null;
    const ours = localName(name).startsWith(this.#options.prefix);
    return { name: ours ? name : fromUserRegistry(name, this.#registries.userRegistry), ours };
  }

  /** The same image is pulled once at a time. */
  #pull(name: ImageName): Promise<Pulled> {
    const key = localName(name);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const { registry } = name;
    const pull = this.#limit.run(registry, () => this.#pullNow(name, key)).finally(() => this.#running.delete(key));
    this.#running.set(key, pull);
    return pull;
  }

  async #pullNow(name: ImageName, image: string): Promise<Pulled> {
    const abortSignal = AbortSignal.timeout(PULL_TIMEOUT_MS);
    let all: ReadonlyMap<string, RegistryCredential> = new Map();
    let failed: Extract<Pulled, { ok: false }> | null = null;
    try {
      all = await this.#credentials();
      const authconfig = all.get(name.registry);
      const sent = authconfig === undefined ? {} : { authconfig: { ...authconfig, serveraddress: name.registry } };
      const stream: NodeJS.ReadableStream = await this.#docker.pull(image, { abortSignal, ...sent });
      await new Promise<void>((resolve, reject) => {
        this.#docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error)));
      });
    } catch (error) {
      const late = abortSignal.aborted ? `it took longer than ${PULL_TIMEOUT_MS / 1000} s` : null;
      const detail = (late ?? reasonOf(error)).slice(0, MAX_DETAIL);
      const silent = late === null && (error as { code?: string }).code !== undefined;
      failed = { ok: false, why: silent ? "engine" : "pull", detail };
    }
    this.#options.log[failed === null ? "info" : "warn"]("image-pulled", {
      image,
      ok: failed === null,
      ...(failed === null ? {} : { reason: failed.detail }),
    });
    if (failed?.why !== "engine") this.#classify(name, failed?.detail ?? null, all);
    return failed ?? { ok: true };
  }

  /** Only registries an operator named count, and Docker Hub: any caller can name one that does not exist. */
  #classify(name: ImageName, detail: string | null, credentials: ReadonlyMap<string, RegistryCredential>): void {
    const { pull, userRegistry } = this.#registries;
    const { registry } = name;
    const counts = registry === HUB || registry === userRegistry || pull.has(registry) || credentials.has(registry);
    if (detail === null || faultOf(detail) === "image") this.#registryWatch.heard(name, null);
    else if (counts) this.#registryWatch.heard(name, detail);
  }

  async #credentials(): Promise<ReadonlyMap<string, RegistryCredential>> {
    const { credentials } = this.#registries;
    if (credentials === null) return new Map();
    let text: string;
    if ("text" in credentials) text = credentials.text;
    else {
      try {
        text = await readFile(credentials.file, "utf8");
      } catch (error) {
        const code = (error as { code?: string }).code ?? "unreadable";
        throw new Error(`the registry credentials in ${credentials.file} cannot be read (${code})`);
      }
    }
    const parsed = text.length > MAX_FILE_BYTES ? null : parseCredentials(text);
    if (parsed === null) throw new Error("the registry credentials are not in the form of Docker's config.json");
    return parsed;
  }
}
