// What a container may do and use, as Docker is told. Pure, but for its name.

import type { ContainerCreateOptions, MountSettings } from "dockerode";
import type { ContainerSpec } from "../engine.ts";
import { containerLabels, opaqueName } from "./names.ts";
import type { Sandbox } from "./sandbox-pool.ts";
import { SECCOMP } from "./seccomp.ts";

export interface ContainerSettings {
  host: { name: string; boot: string };
  image: string;
  /** Made by us: runs without any capability. Others get Docker's default set without the two
   * that reach the network. */
  own: boolean;
  network: string;
  /** The network it uses, instead of one of its own there. */
  sandbox?: Sandbox | null;
  /** `__OW_API_HOST` */
  apiHost: string;
  pids: number;
  /** Per 128 MB; 0 = engine's default. */
  cpuShares: number;
  /** MB a container may use; absent or 0 = not bounded. */
  disk?: number;
  /** The engine can hold a container to that itself. */
  quota?: boolean;
  /** The engine filters system calls. */
  seccomp: boolean;
  /** A file of this machine to be shown as resolv.conf; null: the engine's own. */
  names: string | null;
  /** `name:address` */
  hosts: readonly string[];
}

const MAX_FILES = 1024;
/** Where a container finds its journals. */
const JOURNALS = ["/run/edgewhisk-journal-a", "/run/edgewhisk-journal-b"] as const;
const RESOLV_CONF = "/etc/resolv.conf";
const MB_BYTES = 1024 * 1024;

export function createOptions(spec: ContainerSpec, settings: ContainerSettings): ContainerCreateOptions {
  const memory = spec.memory * MB_BYTES;
  const disk = (settings.disk ?? 0) * MB_BYTES;
  const { sandbox = null } = settings;
  const mounts = [
    ...(spec.journals ?? []).map((source, at) => mount(source, JOURNALS[at], "rprivate")),
    ...(settings.names === null ? [] : [{ ...mount(settings.names, RESOLV_CONF, "rprivate"), ReadOnly: true }]),
    // What lies in the engine's own folder may be mounted in no other way.
    ...Object.entries(sandbox?.files ?? {})
      .filter(([target]) => target !== RESOLV_CONF || settings.names === null)
      .map(([target, source]) => ({
        ...mount(source, target, "rslave"),
        ReadOnly: true,
      })),
  ];
  return {
    name: opaqueName(),
    Image: settings.image,
    Labels: containerLabels(settings.host, spec),
    // A runtime that can take overlapping runs must be told so; whether it gets them is the pool's decision.
    Env: [
      `__OW_API_HOST=${settings.apiHost}`,
      "__OW_ALLOW_CONCURRENT=true",
      ...(spec.journals === undefined ? [] : [`EDGEWHISK_JOURNALS=${JOURNALS.join(":")}`]),
    ],
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      NetworkMode: sandbox === null ? settings.network : `container:${sandbox.id}`,
      // In a sandbox they stand in its file.
      ...(sandbox === null ? { ExtraHosts: [...settings.hosts] } : {}),
      Memory: memory,
      // The same: no swap.
      MemorySwap: memory,
      ...(settings.cpuShares === 0
        ? {}
        : { CpuShares: Math.max(2, Math.round((settings.cpuShares * spec.memory) / 128)) }),
      CapDrop: settings.own ? ["ALL"] : ["NET_RAW", "NET_ADMIN"],
      SecurityOpt: ["no-new-privileges", ...(settings.seccomp ? [SECCOMP] : [])],
      PidsLimit: settings.pids,
      Ulimits: [
        { Name: "nofile", Soft: MAX_FILES, Hard: MAX_FILES },
        { Name: "core", Soft: 0, Hard: 0 },
        // No single file is larger than all may be; the guard counts the rest.
        ...(disk === 0 ? [] : [{ Name: "fsize", Soft: disk, Hard: disk }]),
      ],
      ...(disk === 0 || settings.quota !== true ? {} : { StorageOpt: { size: String(disk) } }),
      // Under pressure an action goes before the host does.
      OomScoreAdj: 500,
      ...(mounts.length === 0 ? {} : { Mounts: mounts }),
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
    },
  };
}

function mount(Source: string, Target = "", Propagation: "rprivate" | "rslave"): MountSettings {
  return { Type: "bind", Source, Target, BindOptions: { Propagation } };
}
