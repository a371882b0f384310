// Judges the throttles of namespaces with limits: never more calls in a minute than allowed, whatever is lost. At a
// time never more than allowed, and never less, only where nothing broke: one that is lost knows of nothing that runs,
// and a call whose end is unknown gives its place back early.

import type { Call, History } from "./history.ts";
import type { NamespacePlan } from "./scenario.ts";
import type { World } from "./world.ts";

/** A place is free again this long after its run has ended (ms), logs and flush included. */
const GIVEN_BACK = 3_000;
/** A permit given before a refusal may arrive this much later (ms). */
const ON_ITS_WAY = 100;
const MINUTE = 60_000;

export function throttled(world: World): void {
  const { scenario, history, kernel } = world;
  for (const namespace of scenario.namespaces) {
    const { invocationsPerMinute, concurrentInvocations } = namespace.limits;
    if (concurrentInvocations !== undefined && scenario.profile === "calm")
      atATime(history, namespace, concurrentInvocations);
    if (invocationsPerMinute === undefined) continue;
    const permits = history.permits.filter((each) => each.namespace === namespace.uuid);
    const throttle = world.nodes("throttle").find((each) => each.name === namespace.uuid);
    const begun = kernel.now - kernel.elapsed + (throttle?.skew ?? 0);
    // One that was counted as a minute ended is known when the next has begun.
    const moments = permits.flatMap(({ askedAt, at }) => [askedAt, at]);
    const minutes = new Set(moments.map((each) => Math.floor((begun + each) / MINUTE)));
    const allowed = invocationsPerMinute * minutes.size;
    if (permits.length > allowed) history.violate(`${permits.length} calls of ${namespace.name}, ${allowed} allowed`);
  }
}

function atATime(history: History, namespace: NamespacePlan, allowed: number): void {
  const edges = history.starts
    .filter((start) => start.namespace === namespace.uuid)
    .flatMap((start) => [
      { at: start.at, step: 1 },
      { at: start.endedAt ?? Number.POSITIVE_INFINITY, step: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.step - b.step);
  let running = 0;
  for (const { step } of edges) {
    running += step;
    if (running > allowed) history.violate(`${running} activations of ${namespace.name} at a time, ${allowed} allowed`);
  }
  for (const call of history.calls) {
    if (call.namespace !== namespace.uuid || call.told?.kind !== "refused") continue;
    if (call.told.code !== "too-many-concurrent") continue;
    const taken = placesTaken(history, call);
    if (taken < allowed) history.violate(`call ${call.number} was refused with ${taken} of ${allowed} places taken`);
  }
}

function placesTaken(history: History, call: Call): number {
  return history.permits.filter(({ namespace, id, at }) => {
    if (namespace !== call.namespace || at > (call.toldAt ?? 0) + ON_ITS_WAY) return false;
    const start = history.starts.find((each) => each.id === id);
    return (start?.endedAt ?? Number.POSITIVE_INFINITY) + GIVEN_BACK > call.sentAt;
  }).length;
}
