// Images: which of the local ones runs which kind, and getting the ones that black box actions name.

import type Docker from "dockerode";
import type { RuntimeReport } from "../../src/protocol/messages.ts";
import { reasonOf } from "../logger.ts";
import { floats, imagesByKind, type KindImage, LABEL, withTag } from "./docker-names.ts";
import type { ContainerSpec, Creation } from "./engine.ts";

const PULL_TIMEOUT = 300_000;
const SCAN_DELAY = 300;

export type Found = { ok: true; image: string; own: boolean } | Extract<Creation, { ok: false }>;

export class DockerImages {
  readonly #docker: Docker;
  readonly #wanted: { prefix: string; tag: string };
  #kinds = new Map<string, KindImage>();
  /** Local names and ids of images we made: never pulled. */
  #own = new Set<string>();
  readonly #pulls = new Map<string, Promise<string | null>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(docker: Docker, wanted: { prefix: string; tag: string }) {
    this.#docker = docker;
    this.#wanted = wanted;
  }

  reports(): RuntimeReport[] {
    return [...this.#kinds.values()].map(({ kind, image, digest }) => ({ kind, image, digest }));
  }

  /** Returns whether the kinds or their digests are others than before. */
  async scan(): Promise<boolean> {
    const before = JSON.stringify(this.reports());
    const list = (await this.#docker.listImages()).map((each) => ({
      id: each.Id,
      tags: (each.RepoTags ?? []).filter((tag) => tag !== "<none>:<none>"),
      labels: each.Labels ?? {},
      created: each.Created,
    }));
    this.#kinds = imagesByKind(list, this.#wanted);
    this.#own = new Set(list.filter((each) => each.labels[LABEL.kind] !== undefined).flatMap((each) => each.tags));
    return JSON.stringify(this.reports()) !== before;
  }

  scanSoon(then: (changed: boolean) => void): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.scan().then(then, () => undefined);
    }, SCAN_DELAY).unref();
  }

  async find(spec: ContainerSpec): Promise<Found> {
    if (spec.image === undefined) {
      const known = this.#kinds.get(spec.kind);
      if (known === undefined) return { ok: false, why: "provision", detail: `no image for ${spec.kind}` };
      return { ok: true, image: known.digest, own: known.own };
    }
    const image = withTag(spec.image);
    if (this.#own.has(image)) return { ok: true, image, own: true };
    const pull = this.#pull(image);
    const failed = await pull;
    if (failed === null || (!floats(spec.image) && (await this.#isLocal(image))))
      return { ok: true, image, own: false };
    return { ok: false, why: "pull", detail: failed };
  }

  /** Null, or why not. The same image is pulled once at a time. */
  #pull(image: string): Promise<string | null> {
    const running = this.#pulls.get(image);
    if (running !== undefined) return running;
    const pull = this.#pullNow(image).finally(() => this.#pulls.delete(image));
    this.#pulls.set(image, pull);
    return pull;
  }

  async #pullNow(image: string): Promise<string | null> {
    try {
      const abortSignal = AbortSignal.timeout(PULL_TIMEOUT);
      const stream: NodeJS.ReadableStream = await this.#docker.pull(image, { abortSignal });
      return await new Promise((resolve) => {
        this.#docker.modem.followProgress(stream, (error) => resolve(error === null ? null : reasonOf(error)));
      });
    } catch (error) {
      return reasonOf(error);
    }
  }

  async #isLocal(image: string): Promise<boolean> {
    return this.#docker
      .getImage(image)
      .inspect()
      .then(
        () => true,
        () => false,
      );
  }
}
