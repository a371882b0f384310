// The control groups of the engine's containers, in the layouts there are.
// Nothing where the engine runs on another machine.

import { readFileSync } from "node:fs";

/** The same thing by its file in version 1 and in version 2. */
export interface CgroupFile {
  v1: string;
  v2: string;
}

/** The number that `pattern` captures, or null. `id`: the container's, as the engine names it. */
export function cgroupNumber(id: string, file: CgroupFile, pattern: RegExp): number | null {
  const found = pattern.exec(read(id, file) ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

/** Ids of the container's processes on this machine. */
export function cgroupProcesses(id: string): number[] {
  const text = read(id, { v1: "cgroup.procs", v2: "cgroup.procs" }) ?? "";
  return text.split("\n").filter(Boolean).map(Number);
}

/** Processor time of the container so far, in seconds; null where the kernel does not say. */
export function cgroupCpuSeconds(id: string): number | null {
  const nanoseconds = /^(\d+)/.exec(readFirst([`/sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`]) ?? "")?.[1];
  if (nanoseconds !== undefined) return Number(nanoseconds) / 1e9;
  const microseconds = /^usage_usec (\d+)$/m.exec(read(id, { v1: "", v2: "cpu.stat" }) ?? "")?.[1];
  return microseconds === undefined ? null : Number(microseconds) / 1e6;
}

/** Of the first layout that has it. */
function read(id: string, { v1, v2 }: CgroupFile): string | null {
  return readFirst([
    ...(v1 === "" ? [] : [`/sys/fs/cgroup/memory/docker/${id}/${v1}`]),
    `/sys/fs/cgroup/system.slice/docker-${id}.scope/${v2}`,
    `/sys/fs/cgroup/docker/${id}/${v2}`,
  ]);
}

function readFirst(paths: readonly string[]): string | null {
  for (const path of paths) {
    try {
      return readFileSync(path, "latin1");
    } catch {
      // Another layout, or gone.
    }
  }
  return null;
}
