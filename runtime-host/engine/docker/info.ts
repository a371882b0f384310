// What the engine says of itself, asked once per host. Its answer looks at every container, and dockerd 20.10 has been
// seen to lock itself up when it was asked while networks were being removed: it made no more containers from then on.

import type Docker from "dockerode";

/** Of `docker info`, what does not change while the engine is this one; the types do not know all of it. */
export interface EngineInfo {
  ServerVersion?: string;
  CgroupVersion?: string;
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  SecurityOptions?: string[];
  Architecture?: string;
  DockerRootDir?: string;
}

/** Rejects with the engine's error. */
export async function askInfo(docker: Docker): Promise<EngineInfo> {
  return (await docker.info()) as EngineInfo;
}
