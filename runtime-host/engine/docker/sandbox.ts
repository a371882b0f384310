// One sandbox on a real engine: a container that holds a network open and does nothing else.

import type Docker from "dockerode";
import { digestOf, tarStream } from "../../runtimes/tar.ts";
import { opaqueName, sandboxLabels } from "./names.ts";
import { closeNames } from "./resolver.ts";
import type { Sandbox } from "./sandbox-pool.ts";
import { sandboxProgram } from "./sandbox-program.ts";
import { SECCOMP } from "./seccomp.ts";
import type { ContainerSettings } from "./settings.ts";

const MB_BYTES = 1024 * 1024;
/** MB at most: what the engine itself needs to start something counts as well. */
const MEMORY_MB = 64;
const PROGRAM = "sandbox";

/** The image's id, made here where it is not there; null where there is no program for the engine's machine,
 * `architecture`. `prefix`: of names that are never pulled for a caller. */
export async function sandboxImage(
  docker: Docker,
  { architecture, prefix }: { architecture: string; prefix: string },
): Promise<string | null> {
  const bytes = sandboxProgram(architecture);
  if (bytes === null) return null;
  const entries = [{ type: "bytes", name: PROGRAM, mode: 0o555, bytes }] as const;
  const repo = `${prefix}sandbox`;
  const tag = (await digestOf(entries)).slice(0, 12);
  const image = docker.getImage(`${repo}:${tag}`);
  const known = await image.inspect().catch(() => null);
  if (known !== null) return known.Id;
  const stream = await docker.importImage(tarStream(entries), { repo, tag });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error: Error | null) => (error === null ? resolve() : reject(error))),
  );
  return (await image.inspect()).Id;
}

/** Rejects with the engine's error; what was made by then is removed. */
export async function makeSandbox(
  docker: Docker,
  options: {
    image: string;
    host: { name: string; boot: string };
    network: string;
    number: number;
  } & Pick<ContainerSettings, "names" | "hosts" | "seccomp">,
): Promise<Sandbox> {
  const { image, host, network, number } = options;
  const container = await docker.createContainer({
    name: opaqueName(),
    Image: image,
    Entrypoint: [`/${PROGRAM}`],
    Labels: sandboxLabels(host, number),
    User: "65534:65534",
    HostConfig: {
      NetworkMode: network,
      ExtraHosts: [...options.hosts],
      Memory: MEMORY_MB * MB_BYTES,
      MemorySwap: MEMORY_MB * MB_BYTES,
      PidsLimit: 16,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges", ...(options.seccomp ? [SECCOMP] : [])],
      ReadonlyRootfs: true,
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
    },
  });
  try {
    await container.start();
    const { NetworkSettings, HostsPath, HostnamePath, ResolvConfPath, State } = await container.inspect();
    if (options.names !== null) await closeNames(State.Pid);
    const address = NetworkSettings.Networks[network]?.IPAddress ?? "";
    if (address === "") throw new Error("it has no address");
    const files = { "/etc/hosts": HostsPath, "/etc/hostname": HostnamePath, "/etc/resolv.conf": ResolvConfPath };
    return { id: container.id, made: performance.now(), address, files };
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined);
    throw error;
  }
}
