// Which containers of a host run something now, and what: for whoever operates it.
// Idle ones are the host's own affair. Pure.

import type { BusyContainers } from "../../src/protocol/containers.ts";
import type { TrackedRun } from "./run.ts";

/** Groups of equal containers that are told, and activations of one of them. */
const MAX_GROUPS = 100;
const MAX_IDS = 20;

/** Equal containers together; those with the oldest run first. What has given back its memory is in none. */
export function busyContainers(runs: Iterable<TrackedRun>): { items: BusyContainers[]; more: boolean } {
  const groups = Map.groupBy(
    [...runs].filter(({ counted }) => counted),
    ({ weight }) => weight.pool,
  );
  const items = [...groups.values()].map(groupOf).toSorted((one, other) => one.since - other.since);
  return { items: items.slice(0, MAX_GROUPS), more: items.length > MAX_GROUPS };
}

function groupOf(runs: TrackedRun[]): BusyContainers {
  const [{ about, weight }] = runs as [TrackedRun];
  return {
    namespace: about.namespace,
    action: about.path,
    version: about.version,
    kind: about.kind,
    memory: weight.memory,
    containers: Math.ceil(runs.length / weight.concurrency),
    running: runs.length,
    since: Math.min(...runs.map((run) => run.about.acceptedAt)),
    activations: runs.slice(0, MAX_IDS).map(({ id }) => id),
  };
}
