// Images: which of the local ones runs which kind.

import type Docker from "dockerode";
import type { RuntimeReport } from "../../../src/protocol/messages.ts";
import type { ContainerSpec, Creation } from "../engine.ts";
import { imagesByKind, isOwn, type KindImage } from "./names.ts";
import type { DockerPulls } from "./pulls.ts";

const SCAN_DELAY_MS = 300;
/** ms after which a scan that failed is tried again. */
const SCAN_AGAIN_MS = 5_000;

export type Found = { ok: true; image: string; own: boolean } | Extract<Creation, { ok: false }>;

export class DockerImages {
  readonly #docker: Docker;
  readonly #wanted: { prefix: string; tag: string };
  #kinds = new Map<string, KindImage>();
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
    return JSON.stringify(this.reports()) !== before;
  }

  /** Until it succeeds: what the engine has told of is told once. */
  scanSoon(then: (changed: boolean) => void, delay = SCAN_DELAY_MS): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.scan().then(then, () => this.scanSoon(then, SCAN_AGAIN_MS));
    }, delay).unref();
  }

  /** A black box image has been fetched before, unless it has been removed since. */
  async find(spec: ContainerSpec, pulls: DockerPulls): Promise<Found> {
    if (spec.image === undefined) {
      const known = this.#kinds.get(spec.kind);
      if (known === undefined) return { ok: false, why: "provision", detail: `no image for ${spec.kind}` };
      return { ok: true, image: known.digest, own: known.own };
    }
    const here = await pulls.find(spec.image);
    if (here === null) return { ok: false, why: "pull", detail: "the image is not here any more" };
    return { ok: true, image: here.id, own: isOwn(here, this.#wanted.prefix) };
  }
}
