// Containers of a host that was killed, removed by whoever cleans up after it. An engine that does not answer keeps them: the
// host removes its orphans itself when it starts again.

import Docker from "dockerode";
import { LABEL } from "./docker-names.ts";

const PATIENCE = 4_000;

/** Returns how many. Never rejects. */
export async function removeContainersOf(host: string): Promise<number> {
  const docker = new Docker();
  try {
    const list = await docker.listContainers({
      all: true,
      filters: { label: [`${LABEL.host}=${host}`] },
      abortSignal: AbortSignal.timeout(PATIENCE),
    });
    const removals = list.map((each) =>
      docker.getContainer(each.Id).remove({ force: true, v: true, abortSignal: AbortSignal.timeout(PATIENCE) }),
    );
    return (await Promise.allSettled(removals)).filter((each) => each.status === "fulfilled").length;
  } catch {
    return 0;
  }
}
