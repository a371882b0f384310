// Under which epoch isolates may use what they have read of a namespace, and for how long. A write waits until nobody else
// may still use what he has; while it goes on, leases are for one request only; the epoch goes up before and after it.

/** ms a lease may be used. */
export const TTL = 1_000;
/** ms after which a write that was never ended is taken for ended. */
export const MAX_WRITE_AT = 30_000;
/** How far ahead the durable mark "leases may be out until" is set, so that it is written rarely. */
const MARK_AHEAD = 4_000;
/** Past this many, holders whose leases have lapsed are forgotten. */
const MAX_HOLDERS = 1_000;

/** Survives the incarnation. Writing is synchronous; nothing leaves the object before it is durable. */
export interface GateMemory {
  /** Epoch, and the end of the time in which earlier incarnations may have given leases. */
  load(): { epoch: number; leasedUntil: number; writes: { holder: string; until: number }[] };
  save(state: { epoch: number; leasedUntil: number; writes: { holder: string; until: number }[] }): void;
}

export class Leases {
  readonly #memory: GateMemory;
  #epoch: number;
  #leasedUntil: number;
  #writes: { holder: string; until: number }[];
  /** Until when each holder may use what it has. */
  readonly #out = new Map<string, number>();
  /** Until when leases of earlier incarnations may be in use. */
  readonly #earlier: number;

  constructor(memory: GateMemory, now: number) {
    this.#memory = memory;
    const known = memory.load();
    this.#epoch = known.epoch;
    this.#leasedUntil = known.leasedUntil;
    this.#writes = known.writes;
    this.#earlier = Math.min(known.leasedUntil, now + TTL);
  }

  get epoch(): number {
    return this.#epoch;
  }

  lease(holder: string, now: number): { epoch: number; ttl: number } {
    this.#expireWrites(now);
    if (this.#writes.length > 0) return { epoch: this.#epoch, ttl: 0 };
    const until = now + TTL;
    if (this.#out.size >= MAX_HOLDERS) this.#forget(now);
    this.#out.set(holder, until);
    if (until > this.#leasedUntil) {
      this.#leasedUntil = until + MARK_AHEAD;
      this.#save();
    }
    return { epoch: this.#epoch, ttl: TTL };
  }

  /** No lease is given from now on. Returns the ms until all that others may still use have lapsed. */
  beginWrite(holder: string, now: number): number {
    this.#expireWrites(now);
    this.#writes = [...this.#writes, { holder, until: now + MAX_WRITE_AT }];
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
