// Who may keep the platform waiting, and how often at once: so many of one sender, so many in all of one isolate. Where
// all are taken, the sender with the most gives way to one who has less, so that few cannot shut the others out.

export interface PlaceLimits {
  readonly ofOne: number;
  readonly ofAll: number;
  /** ms after which a place that was not renewed is free: a request may end without a word
   * when its client goes away. */
  readonly lease: number;
}

export interface TakenPlace {
  renew(now: number): void;
  /** As often as one likes. */
  leave(): void;
}

interface Held {
  until: number;
  readonly giveWay: () => void;
}

export class Places {
  readonly #limits: PlaceLimits;
  /** In the order of their coming. */
  readonly #bySender = new Map<string, Set<Held>>();
  #all = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** `giveWay`: the place was taken away. Null if the sender has as many as it may. */
  enter(sender: string, options: { now: number; giveWay: () => void }): TakenPlace | null {
    const { now, giveWay } = options;
    const { ofOne, ofAll, lease } = this.#limits;
    if (this.#held(sender) >= ofOne) this.#expire(sender, now);
    if (this.#held(sender) >= ofOne) return null;
    if (this.#all >= ofAll) for (const each of [...this.#bySender.keys()]) this.#expire(each, now);
    if (this.#all >= ofAll && !this.#takeFromMost(this.#held(sender))) return null;
    const held: Held = { until: now + lease, giveWay };
    const own = this.#bySender.get(sender);
    if (own === undefined) this.#bySender.set(sender, new Set([held]));
    else own.add(held);
    this.#all++;
    return {
      renew(at) {
        held.until = at + lease;
      },
      leave: () => this.#leave(sender, held),
    };
  }

  #held(sender: string): number {
    return this.#bySender.get(sender)?.size ?? 0;
  }

  #leave(sender: string, held: Held): void {
    const own = this.#bySender.get(sender);
    if (own?.delete(held) !== true) return;
    this.#all--;
    if (own.size === 0) this.#bySender.delete(sender);
  }

  #expire(sender: string, now: number): void {
    for (const held of [...(this.#bySender.get(sender) ?? [])]) if (held.until <= now) this.#leave(sender, held);
  }

  /** For a sender who has `less`: only from one who has more even then. What came last has the least to lose. */
  #takeFromMost(less: number): boolean {
    let most: [string, Set<Held>] | null = null;
    for (const each of this.#bySender) if (each[1].size > (most?.[1].size ?? less + 1)) most = each;
    const last = most === null ? undefined : [...most[1]].at(-1);
    if (most === null || last === undefined) return false;
    this.#leave(most[0], last);
    last.giveWay();
    return true;
  }
}
