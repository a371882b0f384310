// Under which epoch isolates may use what they have read of a namespace, and for how long. A write waits until nobody
// else may still use what he has; while it goes on, leases are for one request only;
// the epoch goes up before and after it.

/** How long a lease may be used. */
export const LEASE_TTL_MS = 1_000;
/** After this a write that was never ended is taken for ended. */
export const MAX_WRITE_MS = 30_000;
/** How far ahead the durable mark "leases may be out until" is set, so that it is written rarely. */
const MARK_AHEAD_MS = 4_000;
/** Past this many, holders whose leases have lapsed are forgotten. */
const MAX_HOLDERS = 1_000;

export interface EpochState {
  epoch: number;
  /** Epoch ms: the end of the time in which earlier incarnations may have given leases. */
  leasedUntil: number;
  /** Writes under way: whose, and when (epoch ms) they are taken for ended. */
  writes: { holder: string; until: number }[];
}

/** Survives the incarnation. Writing is synchronous; nothing leaves the object before it is durable. */
export interface EpochMemory {
  load(): EpochState | undefined;
  save(state: EpochState): void;
}

export class EpochLeases {
  readonly #memory: EpochMemory;
  #epoch: number;
  #leasedUntil: number;
  #writes: EpochState["writes"];
  /** Until when each holder may use what it has. */
  readonly #out = new Map<string, number>();
  /** Until when leases of earlier incarnations may be in use. */
  readonly #earlier: number;

  constructor(memory: EpochMemory, now: number) {
    this.#memory = memory;
    // Where nothing is stored, no epoch of this object has been as high as the clock: none is given twice.
    const known = memory.load() ?? { epoch: now, leasedUntil: 0, writes: [] };
    this.#epoch = known.epoch;
    this.#leasedUntil = known.leasedUntil;
    this.#writes = known.writes;
    this.#earlier = Math.min(known.leasedUntil, now + LEASE_TTL_MS);
  }

  get epoch(): number {
    return this.#epoch;
  }

  lease(holder: string, now: number): { epoch: number; ttl: number } {
    this.#expireWrites(now);
    if (this.#writes.length > 0) return { epoch: this.#epoch, ttl: 0 };
    const until = now + LEASE_TTL_MS;
    if (this.#out.size >= MAX_HOLDERS) this.#forget(now);
    this.#out.set(holder, until);
    if (until > this.#leasedUntil) {
      this.#leasedUntil = until + MARK_AHEAD_MS;
      this.#save();
    }
    return { epoch: this.#epoch, ttl: LEASE_TTL_MS };
  }

  /** No lease is given from now on. Returns the ms until all that others may still use have lapsed. */
  beginWrite(holder: string, now: number): number {
    this.#expireWrites(now);
    this.#writes = [...this.#writes, { holder, until: now + MAX_WRITE_MS }];
    this.#epoch++;
    let last = this.#earlier;
    this.#forget(now);
    for (const [other, until] of this.#out) if (other !== holder && until > last) last = until;
    this.#save();
    return Math.max(0, last - now);
  }

  endWrite(holder: string): void {
    const at = this.#writes.findIndex((write) => write.holder === holder);
    if (at >= 0) this.#writes = this.#writes.filter((_, index) => index !== at);
    this.#epoch++;
    this.#save();
  }

  #forget(now: number): void {
    for (const [holder, until] of this.#out) if (until <= now) this.#out.delete(holder);
  }

  #expireWrites(now: number): void {
    const alive = this.#writes.filter((write) => write.until > now);
    if (alive.length === this.#writes.length) return;
    this.#writes = alive;
    this.#epoch++;
    this.#save();
  }

  #save(): void {
    this.#memory.save({ epoch: this.#epoch, leasedUntil: this.#leasedUntil, writes: this.#writes });
  }
}
