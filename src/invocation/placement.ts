// Which schedulers a call goes to, in which order: rendezvous hash of namespace and action over the healthy schedulers
// that can run it. The same call finds the same home while the others come and go; warm containers are there.

import { BLACKBOX } from "../entities/runtimes.ts";
import type { RosterEntry, SchedulerName } from "../protocol/rpc.ts";

/** A row is offered to this many at most; the rest of the fleet asks for it by itself. */
const MAX_CANDIDATES = 16;
const MAX_HASHES = 10_000;

/** `key`: namespace uuid and action path. Home first. */
export function placementOf(key: string, kind: string, schedulers: readonly RosterEntry[]): SchedulerName[] {
  const home = hashOf(key);
  const able: { name: SchedulerName; weight: number }[] = [];
  for (const each of schedulers) {
    if (canRun(each, kind)) able.push({ name: each.scheduler, weight: mix(home ^ hashOf(each.scheduler)) });
  }
  if (able.length > 1) able.sort((one, other) => other.weight - one.weight || (one.name < other.name ? -1 : 1));
  if (able.length > MAX_CANDIDATES) able.length = MAX_CANDIDATES;
  return able.map((each) => each.name);
}

function canRun(entry: RosterEntry, kind: string): boolean {
  if (!entry.connected || entry.draining || entry.unhealthy !== undefined) return false;
  if (kind === BLACKBOX) return entry.blackbox;
  return entry.runtimes.some((runtime) => runtime.kind === kind);
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
