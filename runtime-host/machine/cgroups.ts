// The control groups of the engine's containers, in the layouts there are. Nothing where the engine runs on another machine.

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

/** Of the first layout that has it. */
function read(id: string, { v1, v2 }: CgroupFile): string | null {
  const paths = [
    `/sys/fs/cgroup/memory/docker/${id}/${v1}`,
    `/sys/fs/cgroup/system.slice/docker-${id}.scope/${v2}`,
    `/sys/fs/cgroup/docker/${id}/${v2}`,
  ];
  for (const path of paths) {
    try {
      return readFileSync(path, "latin1");
    } catch {
      // Another layout, or gone.
    }
  }
  return null;
}
