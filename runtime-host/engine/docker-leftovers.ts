// Containers of a host that was killed, removed by whoever cleans up after it. An engine that does not answer keeps them: the
// host removes its orphans itself when it starts again.

import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { LABEL } from "./docker-names.ts";

const PATIENCE = 4_000;
/** The engine may still be making what the host asked for last: it is looked again after a moment (ms). */
const LOOKS = 3;
const PAUSE = 300;

/** Never rejects. */
export async function removeContainersOf(host: string): Promise<void> {
  const docker = new Docker();
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(PAUSE);
    if (!(await removeThoseThere(docker, host))) return;
  }
}

/** False if the engine does not answer. */
async function removeThoseThere(docker: Docker, host: string): Promise<boolean> {
  try {
    const list = await docker.listContainers({
      all: true,
      filters: { label: [`${LABEL.host}=${host}`] },
      abortSignal: AbortSignal.timeout(PATIENCE),
    });
    const removals = list.map((each) =>
      docker.getContainer(each.Id).remove({ force: true, v: true, abortSignal: AbortSignal.timeout(PATIENCE) }),
    );
    await Promise.allSettled(removals);
    return true;
  } catch {
    return false;
  }
}
