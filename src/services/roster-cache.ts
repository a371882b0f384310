// What the schedulers last said of themselves and their hosts, as the roster keeps it; at most a second old.

import type { RosterEntry, RosterRpc, StoreName } from "../protocol/rpc.ts";
import { type Later, Refreshed } from "./refreshed.ts";

/** How long the list of schedulers may be reused. */
const TTL_MS = 1_000;

interface Heard {
  schedulers: RosterEntry[];
  /** Why a store takes no call whose record would come to it. */
  full: ReadonlyMap<StoreName, string>;
}

export class RosterCache {
  readonly #heard: Refreshed<Heard>;

  constructor(roster: () => Pick<RosterRpc, "overview">) {
    this.#heard = new Refreshed(async () => {
      const { schedulers, full } = await roster().overview();
      return { value: { schedulers, full: new Map(full.map((each) => [each.store, each.why])) }, ttlMs: TTL_MS };
    });
  }

  /** Renewed in the background while it is used. */
  schedulers(later: Later): RosterEntry[] | Promise<RosterEntry[]> {
    const heard = this.#heard.get(later);
    return heard instanceof Promise ? heard.then((each) => each.schedulers) : heard.schedulers;
  }

  /** Why this store takes no call whose record would come to it, or null. Where the roster does not answer, what was
   * heard last holds: the store itself refuses what it must. Never rejects. */
  full(store: StoreName, later: Later): string | null | Promise<string | null> {
    const of = (heard: Heard | undefined) => heard?.full.get(store) ?? null;
    const heard = this.#heard.get(later);
    return heard instanceof Promise ? heard.catch(() => this.#heard.last).then(of) : of(heard);
  }

  /** The list as this isolate heard it last, however old: for who must not fail when the roster does. */
  get lastHeard(): RosterEntry[] {
    return this.#heard.last?.schedulers ?? [];
  }

  /** Kinds that some connected host can run, or null while no host has ever reported. */
  async runnableKinds(later: Later): Promise<ReadonlySet<string> | null> {
    return kindsOf(await this.schedulers(later));
  }

  /** The same for who must not fail when the roster does, and has no request that could keep work alive. */
  async kindsAsHeard(): Promise<ReadonlySet<string> | null> {
    try {
      return await this.runnableKinds(() => undefined);
    } catch {
      return kindsOf(this.lastHeard);
    }
  }
}

function kindsOf(entries: readonly RosterEntry[]): ReadonlySet<string> | null {
  if (entries.length === 0) return null;
  return new Set(entries.flatMap((entry) => entry.runtimes.map((runtime) => runtime.kind)));
}
