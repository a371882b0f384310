// What the pool asks of whatever runs containers. Two implementations: docker/, and process/, which isolates nothing.

import type { RuntimeReport, SecurityReport } from "../../src/protocol/messages.ts";
import type { Logger } from "../program/logger.ts";
import type { RegistryOptions } from "./registry/registry-rules.ts";

/** Where a container's server listens. */
export type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** What a container is made of and for. */
export interface ContainerSpec {
  /** Running number on this host; part of the name. */
  readonly number: number;
  readonly kind: string;
  /** Black box image. */
  readonly image?: string;
  /** MB */
  readonly memory: number;
  /** Absent for a prewarmed container, which belongs to nobody yet. */
  readonly owner?: ContainerOwner;
  /** Two files of this machine for the runtime's journal; only where the engine takes them. */
  readonly journals?: readonly [string, string];
}

/** Whose a container is: it is told in its labels, and no run of anybody else comes into it. */
export interface ContainerOwner {
  /** The namespace's uuid: names may be given again. */
  readonly namespaceId: string;
  readonly namespace: string;
  readonly action: string;
  readonly revision: string;
}

/** What the container prints, in the order the engine hands it out; `bytes` are valid during the call only. */
export interface OutputSink {
  output(stream: 1 | 2, bytes: Buffer): void;
  /** Nothing more will come: it has ended, or the engine has gone. Called once. */
  ended(): void;
}

/** Why a container that broke a connection is gone. */
export type Death = "memory" | "disk" | "exit" | "engine";

/** One container. What an engine cannot do now rejects; the pool tries again, or has it removed. */
export interface EngineContainer {
  /** The engine's name for it. */
  readonly id: string;
  readonly address: Address;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** A prewarmed one has found its owner: whoever looks at the engine's list is to see whose it is, sooner or later. */
  adopted?(owner: ContainerOwner): void;
  /** Its server has been seen to listen at `address`. */
  reached?(): void;
  /** By force, and all that belongs to it. Idempotent; resolves when its memory is free,
   * rejects if it cannot be done now. */
  remove(): Promise<void>;
  /** After a lost connection; waits a moment for the engine to know. */
  death(): Promise<Death>;
  /** MB it holds now, what the engine keeps for it included; null where that is not known. Asks the kernel,
   * nobody else. */
  residentMb(): number | null;
  /** Kills for memory the engine has reported so far, children of the server included. Costs nothing. */
  readonly memoryKills: number;
  /** Whether there are more by now than `before`; looks itself, since reports come late. */
  killedForMemory(before: number): boolean;
}

/** A container whose server may not listen yet, or why there is none; `detail` is in the engine's words. */
export type Creation =
  | { ok: true; container: EngineContainer }
  /** "pull": no such image to be had; "command": its command does not exist; "provision": the engine could not;
   * "engine": it does not answer. */
  | { ok: false; why: "pull" | "command" | "provision" | "engine"; detail: string };

/** "pull": the image cannot be had; "engine": the engine does not answer. `detail` is for the action's owner. */
export type Fetched = { ok: true } | { ok: false; why: "pull" | "engine"; detail: string };

/** What makes containers, and says how it is. Its own failures are told, never thrown at the pool; memory is in MB. */
export interface Engine {
  readonly name: "docker" | "process";
  readonly blackbox: boolean;
  /** Containers can be given files of this machine to write to. */
  readonly sharesFiles: boolean;
  runtimes(): RuntimeReport[];
  /** Why nothing can be started here, or null. */
  unhealthy(): string | null;
  /** What it enforces, as tried when it was opened. */
  readonly security: SecurityReport;
  /** What does not work though the rest does, or null. */
  impaired?(): string | null;
  /** Gets a black box image, which may take minutes; `create` then finds it here. Never rejects. */
  fetch(image: string): Promise<Fetched>;
  /** Never rejects. */
  create(spec: ContainerSpec, sink: OutputSink): Promise<Creation>;
  /** Removes what carries this host's label and is not known any more; `known` are ids. `last`: the host ends,
   * nothing new comes. */
  sweep(known: ReadonlySet<string>, options?: { last: boolean }): Promise<number>;
  /** Ends what the engine itself holds open; containers have been removed before. */
  close(): Promise<void>;
}

/** A wish that cannot be met, as one sentence for the person who started the host. */
export class EngineUnavailable extends Error {}

/** What an engine is opened with. */
export interface EngineOptions {
  /** The host's name: containers are labelled with it, and only its own orphans are removed at start. */
  name: string;
  /** Folder for the containers' files (0700), theirs alone: compile cache, process engine's work folders. */
  state: string;
  /** Origin of the API as the host reaches it. */
  apiUrl: string;
  network?: {
    /** What actions are told as `__OW_API_HOST`: an origin, "gateway" for the forwarder, "" = decided by `apiUrl`. */
    apiHost: string;
    /** Private networks that containers may reach, as parseNetworks gives them. */
    allow: readonly string[];
    /** Files that tell this machine's name servers; absent = where systems have them. */
    nameFiles?: readonly string[];
  };
  /** `<prefix><family>-<version>:<tag>`, e.g. "edgewhisk/action-nodejs-24:dev". */
  images: { prefix: string; tag: string; registries?: RegistryOptions };
  /** MB that must be free on the engine's disk; absent or 0 = it is not watched. */
  minDisk?: number;
  container: {
    /** Processes and threads. */
    pids: number;
    /** CPU shares per 128 MB of the action's memory limit (Docker's scale); 0 = engine's default. */
    cpuShares: number;
    /** MB of disk a container may use; absent or 0 = not bounded. */
    disk?: number;
  };
  log: Logger;
  /** unhealthy() or runtimes() changed. */
  changed(): void;
}
