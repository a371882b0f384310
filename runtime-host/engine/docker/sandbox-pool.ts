// Which network sandboxes there are, whose they are and what becomes of them. Pure: sandboxes.ts makes it true.
//
// A sandbox is a network of its own with an address on the bridge, held open by a container that does nothing else.
// Making and removing the network is more than half of an engine's work for a container; one that joins a sandbox is
// spared it. A sandbox belongs to the first namespace that uses it, for good.

export interface Sandbox {
  /** The engine's, of the container that holds it open. */
  readonly id: string;
  /** ms, by the same clock as `now`. */
  readonly made: number;
  /** On the bridge. */
  readonly address: string;
  /** By path in a container: the engine's files about this network. To be shown read-only,
   * so that nothing is left in them. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a container that is to be made should use: this sandbox, one made for it, or a network that goes with it. */
export type SandboxOffer = { use: Sandbox } | "make" | "none";

/** Kept ready for whoever comes, while somebody came lately. */
const SPARES = 2;
/** Idle ones of all namespaces; more go, idle longest first. */
const MAX_IDLE = 16;
/** ms it may be idle, unless it is a spare. */
const MAX_IDLE_MS = 60_000;
/** ms after which it is not used again: it knows the name servers of the time when it was made. */
const MAX_AGE_MS = 600_000;
/** ms for which spares are kept after somebody had a use for one. */
const WANTED_MS = 600_000;
/** Containers a namespace has when it pays to make sandboxes for it: what one leaves the next will find. */
const FEW = 4;
/** ms since one of its containers went. */
const CHURN_MS = 60_000;

interface Home {
  containers: number;
  leftAt: number;
}

export class SandboxPool {
  /** By the time since when they are idle. `namespace` null: a spare. */
  readonly #idle = new Map<Sandbox, { namespace: string | null; since: number }>();
  readonly #used = new Map<Sandbox, string>();
  /** Namespaces with containers, in sandboxes or not. */
  readonly #homes = new Map<string, Home>();
  #wantedAt = Number.NEGATIVE_INFINITY;

  /** What is offered for use is the namespace's from now on. */
  offer(namespace: string, now: number): SandboxOffer {
    const found = this.#find(namespace, now) ?? this.#find(null, now);
    if (found !== null) {
      if (this.#idle.get(found)?.namespace === null) this.#wantedAt = now;
      this.#idle.delete(found);
      this.#used.set(found, namespace);
      return { use: found };
    }
    this.#wantedAt = now;
    const home = this.#homes.get(namespace);
    return home !== undefined && home.containers >= FEW && now - home.leftAt < CHURN_MS ? "make" : "none";
  }

  /** One was made: for this namespace, or as a spare. */
  made(sandbox: Sandbox, namespace: string | null, now: number): void {
    if (namespace === null) this.#idle.set(sandbox, { namespace, since: now });
    else this.#used.set(sandbox, namespace);
  }

  /** A container is this namespace's from now on. */
  arrived(namespace: string): void {
    const home = this.#homes.get(namespace);
    if (home === undefined) this.#homes.set(namespace, { containers: 1, leftAt: Number.NEGATIVE_INFINITY });
    else home.containers++;
  }

  /** A container that had arrived is gone. */
  left(namespace: string, now: number): void {
    const home = this.#homes.get(namespace);
    if (home === undefined) return;
    home.containers--;
    home.leftAt = now;
    if (home.containers === 0) this.#homes.delete(namespace);
  }

  /** Nobody is in it any more; its next container must be of the same namespace. */
  freed(sandbox: Sandbox, now: number): void {
    const namespace = this.#used.get(sandbox);
    if (namespace === undefined) return;
    this.#used.delete(sandbox);
    this.#idle.set(sandbox, { namespace, since: now });
  }

  /** It is not to be used any more. */
  forget(sandbox: Sandbox): void {
    this.#idle.delete(sandbox);
    this.#used.delete(sandbox);
  }

  /** Idle ones whose time is over; they are to be forgotten and removed. */
  due(now: number): Sandbox[] {
    let surplus = -MAX_IDLE;
    for (const { namespace } of this.#idle.values()) if (namespace !== null) surplus++;
    const due: Sandbox[] = [];
    for (const [sandbox, { namespace, since }] of this.#idle) {
      const unwanted =
        namespace === null ? now - this.#wantedAt >= WANTED_MS : surplus-- > 0 || now - since >= MAX_IDLE_MS;
      if (unwanted || now - sandbox.made >= MAX_AGE_MS) due.push(sandbox);
    }
    return due;
  }

  /** Whether a spare is to be made, now that the engine has nothing else to do. */
  lacksSpare(now: number): boolean {
    if (now - this.#wantedAt >= WANTED_MS) return false;
    let spares = 0;
    for (const { namespace } of this.#idle.values()) if (namespace === null) spares++;
    return spares < SPARES;
  }

  get all(): Sandbox[] {
    return [...this.#idle.keys(), ...this.#used.keys()];
  }

  /** The one used last: the engine's and the kernel's memory of it is fresh. */
  #find(namespace: string | null, now: number): Sandbox | null {
    let found: Sandbox | null = null;
    for (const [sandbox, idle] of this.#idle)
      if (idle.namespace === namespace && now - sandbox.made < MAX_AGE_MS) found = sandbox;
    return found;
  }
}
