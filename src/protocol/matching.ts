// What a call needs, what a host can give, and who shares a container: asked by placement, offers, pulls, admission and
// the host alike, so that nothing is given to a host, or kept free there, that it cannot run. Pure.

import { BLACKBOX, perContainer } from "../entities/runtimes.ts";
import { illnessForCallers } from "./illness.ts";
import type { Invocation } from "./invocation.ts";

/** What a call asks of a host before anything else: calls with equal needs wait in one line. */
export interface Need {
  kind: string;
  /** MB of one container. */
  memory: number;
  /** The host must have all of these. Sorted, each once. */
  labels: readonly string[];
}

/** What a host can give, as it reports it and as the roster keeps it. */
export interface Giver {
  /** MB for all that runs there at a time. */
  memory: number;
  runtimes: readonly { kind: string }[];
  blackbox: boolean;
  labels?: readonly string[];
}

/** A host as the roster knows it. */
export interface Listed extends Giver {
  connected: boolean;
  draining: boolean;
  unhealthy?: string;
}

/** The first thing a host has not. */
export type Lack = "kind" | "memory" | "labels";

/** What shares containers: equal in every field. */
export interface Sharing {
  namespaceId: string;
  /** Of the action. */
  path: string;
  /** Of the action's code and what it is initialized with. */
  revision: string;
  /** MB */
  memory: number;
}

/** Labels of one host, and labels one call may ask for. */
export const MAX_LABELS = 16;
/** Characters of a label. */
export const MAX_LABEL = 64;
const LABEL = /^[\w][\w.:=/-]*$/;
const MAX_KNOWN = 1_000;
const NONE: string[] = [];

/** Whether a text may be a label: a letter, digit or underscore, then also `.:=/-`. */
export function isLabel(text: string): boolean {
  return text.length <= MAX_LABEL && LABEL.test(text);
}

/** What a call asks of a host; calls with the same labels in another order have equal needs. */
export function needOf({ exec, about, labels = NONE }: Pick<Invocation, "exec" | "about" | "labels">): Need {
  return { kind: exec.kind, memory: about.limits.memory, labels: sorted(labels) };
}

/** A need as text: equal texts are equal needs. */
export function needText({ kind, memory, labels }: Need): string {
  return JSON.stringify([kind, memory, ...labels]);
}

const known = new Map<string, Need>();

/** The need a text stands for. */
export function needFrom(text: string): Need {
  const found = known.get(text);
  if (found !== undefined) return found;
  const [kind, memory, ...labels] = JSON.parse(text) as [string, number, ...string[]];
  const need = { kind, memory, labels };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, need);
  return need;
}

/** What this host cannot give whatever its load, or undefined. */
export function lackOf(host: Giver, need: Need): Lack | undefined {
  if (!hasKind(host, need.kind)) return "kind";
  if (host.memory < need.memory) return "memory";
  return hasLabels(host, need.labels) ? undefined : "labels";
}

/** Whether the host could run it if nothing else ran there. Its health and its load are not asked: `isOpen`,
 * admission. */
export function canRun(host: Giver, need: Need): boolean {
  return lackOf(host, need) === undefined;
}

/** Whether the host has each of these labels; always true of none. */
export function hasLabels(host: Giver, labels: readonly string[]): boolean {
  return labels.every((label) => host.labels?.includes(label) === true);
}

/** Whether it takes new work now. */
export function isOpen({ connected, draining, unhealthy }: Listed): boolean {
  return connected && !draining && unhealthy === undefined;
}

/** Why this host does not take it, for the log and for a reply. */
export function unsuited(host: Giver, need: Need): string | undefined {
  switch (lackOf(host, need)) {
    case undefined:
      return undefined;
    case "kind":
      return need.kind === BLACKBOX ? "the host takes no black box images" : `the host has no runtime for ${need.kind}`;
    case "memory":
      return `the host has ${host.memory} MB, ${need.memory} MB are needed`;
    case "labels":
      return `the host has not the labels ${need.labels.join(", ")}`;
  }
}

/** Why it waits, in words for its owner. */
export function obstacle(hosts: readonly Listed[], need: Need): string {
  const connected = hosts.filter((host) => host.connected);
  if (connected.length === 0) return "no runtime host is connected";
  const able = connected.filter((host) => canRun(host, need));
  if (able.some(isOpen)) return "all hosts that can run it are busy";
  if (able.length > 0) {
    const ill = able.find((host) => host.unhealthy !== undefined)?.unhealthy;
    const why = ill === undefined ? "draining" : `unhealthy: ${illnessForCallers(ill)}`;
    return `${able.length === 1 ? "the host" : "each host"} that can run it is ${why}`;
  }
  const ofKind = connected.filter((host) => hasKind(host, need.kind));
  if (ofKind.length === 0) return `no connected host can run ${need.kind}`;
  const labelled = ofKind.filter((host) => hasLabels(host, need.labels));
  if (labelled.length === 0) return `no connected host that can run ${need.kind} has ${labelsText(need)}`;
  const most = Math.max(...labelled.map((host) => host.memory));
  return `it needs ${need.memory} MB, and no connected host that can run it has more than ${most} MB`;
}

/** Why none of the hosts ever seen could hold it, be they connected or not; undefined if one could, or none has been
 * seen. Kinds come and go with what is installed on a host; memory and labels are what its operator gave it. */
export function impossible(hosts: readonly Giver[], need: Need): string | undefined {
  if (hosts.length === 0) return undefined;
  const labelled = hosts.filter((host) => hasLabels(host, need.labels));
  if (labelled.length === 0) return `no host of this platform has ${labelsText(need)}`;
  const most = Math.max(...labelled.map((host) => host.memory));
  if (need.memory <= most) return undefined;
  return `it needs ${need.memory} MB, and no host of this platform has more than ${most} MB for it`;
}

/** Containers are shared by what has the same text. */
export function shareText({ namespaceId, path, revision, memory }: Sharing): string {
  return `${namespaceId}|${path}|${revision}|${memory}`;
}

/** Whose calls containers with this `shareText` take, and of which action. */
export function sharedBy(text: string): Pick<Sharing, "namespaceId" | "path"> {
  const [namespaceId = "", path = ""] = text.split("|");
  return { namespaceId, path };
}

/** What says which containers a call may use: only those whose `shareText` is equal. */
export function sharingOf({ about, revision }: Pick<Invocation, "about" | "revision">): Sharing {
  return { namespaceId: about.namespaceId, path: about.path, revision, memory: about.limits.memory };
}

/** What a container is made from: prewarmed ones of the same runtime and memory serve any action. */
export function runtimeOf({ kind, image }: { kind: string; image?: string | undefined }): string {
  return kind === BLACKBOX ? `${BLACKBOX}:${image}` : kind;
}

/** MB of the containers that so many runs need which share them. */
export function memoryOf(runs: number, container: { memory: number; concurrency: number }): number {
  return Math.ceil(runs / Math.max(1, container.concurrency)) * container.memory;
}

/** One container of this call: its MB and how many runs it takes at a time. */
export function containerOf(about: Invocation["about"]): { memory: number; concurrency: number } {
  return { memory: about.limits.memory, concurrency: perContainer(about) };
}

function hasKind(host: Giver, kind: string): boolean {
  if (kind === BLACKBOX) return host.blackbox;
  for (const runtime of host.runtimes) if (runtime.kind === kind) return true;
  return false;
}

function labelsText({ labels }: Need): string {
  return labels.length === 1 ? `the label ${labels[0]}` : `the labels ${labels.join(", ")}`;
}

function sorted(labels: readonly string[]): readonly string[] {
  return labels.length === 0 ? NONE : [...new Set(labels)].sort();
}
