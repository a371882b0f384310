// What the schedulers last said of themselves and their hosts, as the roster keeps it; at most a second old.

import type { RosterEntry, RosterRpc } from "../protocol/rpc.ts";
import { type Later, Refreshed } from "./refreshed.ts";

/** How long the list of schedulers may be reused. */
const TTL_MS = 1_000;

export class RosterCache {
  readonly #entries: Refreshed<RosterEntry[]>;

  constructor(roster: () => Pick<RosterRpc, "schedulers">) {
    this.#entries = new Refreshed(async () => ({ value: await roster().schedulers(), ttlMs: TTL_MS }));
  }

  /** Renewed in the background while it is used. */
  schedulers(later: Later): RosterEntry[] | Promise<RosterEntry[]> {
    return this.#entries.get(later);
  }

  /** The list as this isolate heard it last, however old: for who must not fail when the roster does. */
  get lastHeard(): RosterEntry[] {
    return this.#entries.last ?? [];
  }

  /** Kinds that some connected host can run, or null while no host has ever reported. */
  async runnableKinds(later: Later): Promise<ReadonlySet<string> | null> {
    const entries = await this.schedulers(later);
    if (entries.length === 0) return null;
    return new Set(entries.flatMap((entry) => entry.runtimes.map((runtime) => runtime.kind)));
  }
}
