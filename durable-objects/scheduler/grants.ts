// Which words of a host this scheduler believes beyond those about its own leases: what an earlier incarnation granted to
// this host carries the proof of it in its lease. Pure but for the running number.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import { type ActivationId, timeOf } from "../../src/entities/activation-id.ts";
import type { Lease } from "../../src/protocol/messages.ts";
import { aboutDigest, type Proofs } from "../../src/protocol/proofs.ts";

/** ms after its acceptance within which an activation that no row knows is adopted. */
export const ADOPT_FOR = 24 * 3_600_000;
/** What a namespace id may look like where nothing vouches for it. */
const NAMESPACE_ID = /^[\w-]{1,64}$/;

interface Told {
  id: ActivationId;
  attempt: number;
  lease: Lease;
  about: ActivationMeta;
}

/** "granted": the platform has given this attempt to this host, and about is what it said; "old": the same, too long ago to be
 * adopted. "unproven": it was accepted before leases were proofs, so that only a row can tell. "stranger": nobody vouches for
 * it, which may be our fault if the secret is another; "over": nor will anybody. */
export type Standing = "granted" | "old" | "unproven" | "stranger" | "over";

export class Grants {
  readonly #host: string;
  readonly #proofs: () => Proofs;
  /** Epoch ms before which leases were no proofs; 0 = they always were. */
  readonly #since: () => number;
  #turn = 0;

  constructor(host: string, options: { proofs: () => Proofs; since: () => number }) {
    this.#host = host;
    this.#proofs = options.proofs;
    this.#since = options.since;
  }

  lease(run: Omit<Told, "lease">, epoch: number): Lease {
    return this.#proofs().lease(this.#grantOf(run), { epoch, turn: this.#turn++ });
  }

  standing(told: Told, now: number): Standing {
    const accepted = timeOf(told.id);
    const isOld = now - accepted > ADOPT_FOR;
    if (this.#proofs().isLease(this.#grantOf(told), told.lease)) return isOld ? "old" : "granted";
    if (isOld) return "over";
    return accepted < this.#since() && NAMESPACE_ID.test(told.about.namespaceId) ? "unproven" : "stranger";
  }

  #grantOf({ id, attempt, about }: Omit<Told, "lease">) {
    return { host: this.#host, id, attempt, about: aboutDigest(about) };
  }
}
