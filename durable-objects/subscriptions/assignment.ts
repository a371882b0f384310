// Which of the subscriptions that nobody has a host is given. Pure.

import { LEASE_MS, MAX_HELD, TURN_MS } from "../../src/protocol/subscriptions.ts";

/** A host that asks. `has`: how many are its already. */
export interface Asking {
  host: string;
  room: number;
  has: number;
}

export interface Free {
  id: string;
  /** Epoch ms since which nobody has it. */
  since: number;
  /** Hosts that could not dial its broker lately. */
  refusedBy: readonly string[];
}

/** Those of `free` that this host is given: as many as makes it equal to the others, and what nobody took in two turns
 * besides. `hosts`: those that asked lately, this one among them; `active`: subscriptions that should be somebody's. */
export function assign(
  asking: Asking,
  free: readonly Free[],
  { hosts, active, now }: { hosts: number; active: number; now: number },
): string[] {
  const room = Math.min(asking.room, MAX_HELD) - asking.has;
  const share = Math.ceil(active / Math.max(1, hosts)) - asking.has;
  const fit = free.filter(({ refusedBy }) => !refusedBy.includes(asking.host));
  const late = (each: Free) => now - each.since > 2 * TURN_MS;
  const given = fit.filter((each, at) => at < share || late(each));
  return given.slice(0, Math.max(0, room)).map(({ id }) => id);
}

/** Whether a lease that was asked for at `asked` (epoch ms) still holds. */
export function holds(asked: number, now: number): boolean {
  return now - asked < LEASE_MS;
}
