// What the Docker engine of this host can enforce, asked and tried.

import type Docker from "dockerode";
import { reasonOf } from "../../program/logger.ts";
import type { EngineFacts } from "../security-level.ts";
import type { EngineInfo } from "./info.ts";

/** All but the firewall, whose state may change. */
export type Facts = Omit<EngineFacts, "firewall">;

/** A container that is made and not started. */
interface Trial {
  image: string | undefined;
  labels: Record<string, string>;
  /** MB */
  disk: number;
}

export async function probeSecurity(docker: Docker, info: EngineInfo, known: Trial): Promise<Facts> {
  const has = (name: string) => enables(info, name);
  const unlimited = [info.MemoryLimit === true ? [] : ["memory"], info.PidsLimit === true ? [] : ["processes"]].flat();
  return {
    engine: `docker ${info.ServerVersion ?? "?"}`,
    cgroup: Number(info.CgroupVersion ?? "1"),
    limits: unlimited.length === 0 ? true : `the kernel's cgroups do not limit ${unlimited.join(" and ")}`,
    // Whatever its own profile is: containers are given ours.
    seccomp: has("seccomp") ? true : "the engine filters no system calls",
    userNamespaces:
      has("userns") || has("rootless")
        ? true
        : "root in a container is root of the machine: no userns-remap, not rootless",
    diskQuota: await tryQuota(docker, known),
  };
}

/** Whether the engine would take a profile. */
export function takesSeccomp(info: EngineInfo): boolean {
  return enables(info, "seccomp");
}

function enables({ SecurityOptions = [] }: EngineInfo, name: string): boolean {
  return SecurityOptions.some((each) => Object.fromEntries(each.split(",").map(pairOf)).name === name);
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? ["name", text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Only making a container shows it: the storage driver, its file system and how that is mounted all matter. */
async function tryQuota(docker: Docker, { image: Image, labels: Labels, disk }: Trial): Promise<true | string> {
  if (disk === 0) return "no bound is set: --disk 0";
  if (Image === undefined) return "no image of ours is here to try it with";
  try {
    const container = await docker.createContainer({ Image, Labels, HostConfig: { StorageOpt: { size: `${disk}m` } } });
    await container.remove({ force: true });
    return true;
  } catch (error) {
    return reasonOf(error)
      .replace(/^\(HTTP code \d+\)[^-]*- /, "")
      .trim();
  }
}
