// Which schedulers a call goes to, in which order: rendezvous hash of namespace and action over the healthy schedulers
// that can run it. The same call finds the same home while the others come and go; warm containers are there.

import { fail, ok, type Result } from "../errors.ts";
import type { Invocation } from "../protocol/invocation.ts";
import { canRun, hasLabels, impossible, isOpen, type Need, needOf, obstacle } from "../protocol/matching.ts";
import type { RosterEntry, SchedulerName } from "../protocol/rpc.ts";

/** Where a call may go, in order. */
export interface Placement {
  /** Home first. */
  candidates: SchedulerName[];
  /** Why there is nobody to go to. */
  obstacle?: string;
}

/** A row is offered to this many at most; the rest of the fleet asks for it by itself. */
const MAX_CANDIDATES = 16;
const MAX_HASHES = 10_000;

/** Fails if no host of this deployment could ever hold the call, and none may come that could. */
export function placeOf(
  invocation: Pick<Invocation, "exec" | "about" | "labels">,
  schedulers: readonly RosterEntry[],
  options: { preferred?: readonly string[] | undefined; hostsMayCome: boolean },
): Result<Placement> {
  const { preferred } = options;
  const need = needOf(invocation);
  const { namespaceId, path } = invocation.about;
  const candidates = placementOf(`${namespaceId}/${path}`, need, { schedulers, preferred });
  if (candidates.length > 0) return ok({ candidates });
  const refusal = options.hostsMayCome ? undefined : impossible(schedulers, need);
  if (refusal !== undefined) return fail("cannot-be-run", refusal);
  return ok({ candidates, obstacle: obstacle(schedulers, need) });
}

/** `key`: namespace uuid and action path. `preferred`: labels of the hosts to go to first; without any, hosts that have
 * none are gone to first, as with OpenWhisk. */
export function placementOf(
  key: string,
  need: Need,
  options: { schedulers: readonly RosterEntry[]; preferred?: readonly string[] | undefined },
): SchedulerName[] {
  const { preferred } = options;
  const home = hashOf(key);
  const able: { name: SchedulerName; rank: number; weight: number }[] = [];
  for (const each of options.schedulers) {
    if (!isOpen(each) || !canRun(each, need)) continue;
    able.push({ name: each.scheduler, rank: rankOf(each, preferred), weight: mix(home ^ hashOf(each.scheduler)) });
  }
  if (able.length > 1) {
    able.sort((one, other) => one.rank - other.rank || other.weight - one.weight || (one.name < other.name ? -1 : 1));
  }
  if (able.length > MAX_CANDIDATES) able.length = MAX_CANDIDATES;
  return able.map((each) => each.name);
}

function rankOf(entry: RosterEntry, preferred: readonly string[] | undefined): number {
  const isPlain = entry.labels === undefined || entry.labels.length === 0;
  if (preferred === undefined || preferred.length === 0) return isPlain ? 0 : 1;
  if (hasLabels(entry, preferred)) return 0;
  return isPlain ? 1 : 2;
}

const hashes = new Map<string, number>();

function hashOf(text: string): number {
  let hash = hashes.get(text);
  if (hash !== undefined) return hash;
  hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = mix(hash);
  if (hashes.size >= MAX_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

/** Spreads every bit of the word over all of them; unsigned. */
function mix(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
