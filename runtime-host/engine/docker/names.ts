// Names, labels and images as Docker sees them.

import { randomBytes } from "node:crypto";
import { MANIFEST } from "../../../src/entities/runtimes.ts";
import type { RuntimeReport } from "../../../src/protocol/messages.ts";
import type { ContainerSpec } from "../engine.ts";

export const LABEL = {
  host: "io.edgewhisk.host",
  boot: "io.edgewhisk.boot",
  number: "io.edgewhisk.number",
  kind: "io.edgewhisk.kind",
  namespace: "io.edgewhisk.namespace",
  action: "io.edgewhisk.action",
  revision: "io.edgewhisk.revision",
  sandbox: "io.edgewhisk.sandbox",
} as const;

/** Says nothing: the engine tells containers each other's names by their addresses. Whose it is stand in the labels,
 * which only the engine's users see. */
export function opaqueName(): string {
  return `edgewhisk-${randomBytes(8).toString("hex")}`;
}

export function containerLabels(host: { name: string; boot: string }, spec: ContainerSpec): Record<string, string> {
  const { owner } = spec;
  return {
    [LABEL.host]: host.name,
    [LABEL.boot]: host.boot,
    [LABEL.number]: String(spec.number),
    [LABEL.kind]: spec.kind,
    ...(owner === undefined
      ? {}
      : {
          [LABEL.namespace]: owner.namespace,
          [LABEL.action]: owner.action,
          [LABEL.revision]: owner.revision,
        }),
  };
}

/** It is swept as a container of this host, and is none that runs actions. */
export function sandboxLabels(host: { name: string; boot: string }, number: number): Record<string, string> {
  return { [LABEL.host]: host.name, [LABEL.boot]: host.boot, [LABEL.sandbox]: String(number) };
}

export interface LocalImage {
  id: string;
  tags: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** Epoch seconds. */
  created: number;
}

export interface KindImage extends RuntimeReport {
  /** Made for edgewhisk: says hello, writes end markers, needs no privilege at all. */
  own: boolean;
}

/** Made by us: labelled, and under a name that is never pulled for a caller. The label alone proves nothing, since
 * anybody can put it on an image of theirs. */
export function isOwn(image: Pick<LocalImage, "tags" | "labels">, prefix: string): boolean {
  return image.labels[LABEL.kind] !== undefined && image.tags.some((tag) => tag.startsWith(prefix));
}

/** Which image runs which kind: the configured name, where a tag is configured; else the newest image of ours labelled
 * with the kind; else OpenWhisk's own. */
export function imagesByKind(
  images: readonly LocalImage[],
  wanted: { prefix: string; tag: string },
): Map<string, KindImage> {
  const byTag = new Map(images.flatMap((image) => image.tags.map((tag) => [tag, image] as const)));
  const byLabel = new Map<string, LocalImage>();
  for (const image of images.toSorted((a, b) => a.created - b.created)) {
    const kind = image.labels[LABEL.kind];
    if (kind !== undefined && isOwn(image, wanted.prefix)) byLabel.set(kind, image);
  }
  const found = new Map<string, KindImage>();
  for (const { kind, family } of MANIFEST) {
    const version = kind.slice(family.length + 1);
    const configured = wanted.tag === "" ? undefined : `${wanted.prefix}${kind.replace(":", "-")}:${wanted.tag}`;
    const upstream = ["nightly", "latest"].map((tag) => `openwhisk/action-${family}-v${version}:${tag}`);
    const name = [configured, ...upstream].find((each) => each !== undefined && byTag.has(each));
    const labelled = byLabel.get(kind);
    const image =
      (name !== undefined && name === configured) || labelled === undefined ? byTag.get(name ?? "") : labelled;
    if (image === undefined) continue;
    const own = isOwn(image, wanted.prefix);
    found.set(kind, {
      kind,
      image: image === labelled ? (image.tags[0] ?? image.id) : (name as string),
      digest: image.id,
      own,
    });
  }
  return found;
}
