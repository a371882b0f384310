// Which words of a host this scheduler believes: its own leases, and what an earlier incarnation granted to this host,
// whose lease carries the proof of it. It owns the running number of leases and the count of words that nobody vouched
// for.

import type { Completion } from "../../src/entities/activation.ts";
import { timeOf } from "../../src/entities/activation-id.ts";
import type { Lease } from "../../src/protocol/messages.ts";
import { aboutDigest, type Proofs } from "../../src/protocol/proofs.ts";
import type { RunName, TrackedRun } from "./run.ts";

/** Time after its acceptance within which an activation that no row knows is adopted. */
export const ADOPT_FOR_MS = 24 * 3_600_000;
/** By so much the clocks of those who make ids and of those who read them may differ. */
const CLOCK_SKEW_MS = 10_000;
/** What a namespace id may look like where nothing vouches for it. */
const NAMESPACE_ID = /^[\w-]{1,64}$/;

/** What a host says of an attempt. */
type Claim = RunName & Pick<TrackedRun, "about">;

/** "granted": the platform has given this attempt to this host, and about is what it said; "old": the same, too long
 * ago to be adopted. "unproven": it was accepted before leases were proofs, so that only a row can tell. "stranger":
 * nobody vouches for it, which may be our fault if the secret is another; "over": nor will anybody. */
export type GrantStatus = "granted" | "old" | "unproven" | "stranger" | "over";

export class Grants {
  readonly #host: string;
  readonly #proofs: () => Proofs;
  /** Epoch ms before which leases were no proofs; 0 = they always were. */
  readonly #provenSince: () => number;
  #turn = 0;
  #strangers = 0;

  constructor(host: string, options: { proofs: () => Proofs; provenSince: () => number }) {
    this.#host = host;
    this.#proofs = options.proofs;
    this.#provenSince = options.provenSince;
  }

  /** Words of this host that nobody vouched for, in this incarnation. */
  get strangers(): number {
    return this.#strangers;
  }

  countStranger(): void {
    this.#strangers++;
  }

  lease(run: Omit<Claim, "lease">, epoch: number): Lease {
    return this.#proofs().lease(this.#grantOf(run), { epoch, turn: this.#turn++ });
  }

  /** `now`: epoch ms. */
  status(claim: Claim, now: number): GrantStatus {
    const accepted = timeOf(claim.id);
    const isOld = now - accepted > ADOPT_FOR_MS;
    if (this.#proofs().isLease(this.#grantOf(claim), claim.lease)) return isOld ? "old" : "granted";
    if (isOld) return "over";
    return accepted < this.#provenSince() && NAMESPACE_ID.test(claim.about.namespaceId) ? "unproven" : "stranger";
  }

  /** The host's word without what it cannot know better: who it is, and times before there was anything to run. */
  believed({ id, completion }: { id: string; completion: Completion }, now: number): Completion {
    const mostMs = Math.max(0, now - timeOf(id)) + CLOCK_SKEW_MS;
    return {
      ...completion,
      host: this.#host,
      duration: Math.min(completion.duration, mostMs),
      endedAgo: Math.min(completion.endedAgo, mostMs),
    };
  }

  #grantOf({ id, attempt, about }: Omit<Claim, "lease">) {
    return { host: this.#host, id, attempt, about: aboutDigest(about) };
  }
}
