// Containers a host left behind, killed or short of time, removed by whoever cleans up after it. An engine that does
// not answer keeps them: the host removes its orphans itself when it starts again.

import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import pLimit from "p-limit";
import { LABEL } from "./names.ts";

/** ms for one answer of the engine. */
const PATIENCE_MS = 10_000;
/** ms in all: an engine removes from five to fifteen containers a second, and there may be hundreds. */
export const MAX_REMOVAL_MS = 300_000;
/** More at once only wait for each other inside the engine. */
const MAX_AT_ONCE = 4;
/** The engine may still be making what the host asked for last: it is looked again after a moment (ms). */
const PAUSE_MS = 300;

export interface Removal {
  /** Looks in a row that must find none. */
  looks?: number;
  /** Only of these runs of the host: one that has started since keeps its own. */
  boots?: readonly string[];
  /** ms in all. */
  longestMs?: number;
}

/** Resolves when that many looks in a row found none, the engine does not answer, or the time is over.
 * Never rejects. */
export async function removeContainersOf(
  host: string,
  { looks = 2, boots, longestMs = MAX_REMOVAL_MS }: Removal = {},
): Promise<void> {
  const docker = new Docker();
  const until = Date.now() + longestMs;
  const wanted = (boot: string) => boots?.includes(boot) ?? true;
  for (let empty = 0; empty < looks && Date.now() < until; ) {
    const found = (await containersOf(docker, host, PATIENCE_MS))?.filter((each) => wanted(each.boot)) ?? null;
    if (found === null) return;
    empty = found.length === 0 ? empty + 1 : 0;
    const ids = found.map((each) => each.id);
    await removeEach(docker, ids, { until });
    if (empty < looks) await sleep(PAUSE_MS);
  }
}

/** How many containers there are, and of which runs of the host;
 * null if the engine does not answer within `patience` ms. */
export async function leftoversOf(host: string, patience: number): Promise<{ count: number; boots: string[] } | null> {
  const found = await containersOf(new Docker(), host, patience);
  return found === null ? null : { count: found.length, boots: [...new Set(found.map((each) => each.boot))] };
}

/** Returns how many it has removed by `until` (epoch ms). What could not be removed is found again at the next look. */
export async function removeEach(
  docker: Docker,
  ids: readonly string[],
  { until, atOnce = MAX_AT_ONCE }: { until: number; atOnce?: number },
): Promise<number> {
  const remove = async (id: string): Promise<boolean> => {
    if (Date.now() >= until) return false;
    const removal = { force: true, v: true, abortSignal: AbortSignal.timeout(PATIENCE_MS) };
    return docker
      .getContainer(id)
      .remove(removal)
      .then(
        () => true,
        () => false,
      );
  };
  const removed = await pLimit(atOnce).map(ids, remove);
  return removed.filter(Boolean).length;
}

/** Null if the engine does not answer. */
async function containersOf(
  docker: Docker,
  host: string,
  patience: number,
): Promise<{ id: string; boot: string }[] | null> {
  const filters = { label: [`${LABEL.host}=${host}`] };
  try {
    const list = await docker.listContainers({ all: true, filters, abortSignal: AbortSignal.timeout(patience) });
    return list.map((each) => ({ id: each.Id, boot: each.Labels[LABEL.boot] ?? "" }));
  } catch {
    return null;
  }
}
