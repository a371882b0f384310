// The runs this incarnation has granted, or found at its host, and who waits for them. A lease fences a run: what arrives
// under another lease than the one granted last does not touch it.

import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { Lease } from "../../src/protocol/messages.ts";
import type { InvokeReply, StoreName } from "../../src/protocol/rpc.ts";
import type { Weight } from "./capacity.ts";
import type { Cancel } from "./ports.ts";

/** ms a run may take beyond its action's timeout, for a cold start with an image to pull. Past it the run is given up; its
 * memory is not. */
export const GRACE = 60_000;

export interface Waiter {
  answer(reply: InvokeReply): void;
  cancel: Cancel;
}

export interface Run {
  readonly id: ActivationId;
  readonly attempt: number;
  readonly lease: Lease;
  readonly about: ActivationMeta;
  readonly weight: Weight;
  readonly store: StoreName;
  /** Who answers for it if it never starts: its caller, its store; or found at the host after a change of incarnation. What its
   * host names and nobody vouches for is "claimed": it takes its memory, and its outcome is nobody's. */
  readonly origin: "fast" | "durable" | "adopted" | "claimed";
  /** Absent on adopted runs. */
  readonly invocation?: Invocation;
  /** "granted": not sent yet; "running": sent; "recording": `result` has come, `record` has not. */
  phase: "granted" | "running" | "recording";
  /** Whether its memory is counted. */
  counted: boolean;
  /** Its outcome was given up and told to the store; what is left of it is the memory it may still use. */
  ended: boolean;
  /** Epoch ms. */
  readonly deadline: number;
  /** Its credential, for sending it again. */
  key?: string;
  /** What `result` said. */
  completion?: Completion;
  /** When it ended, as its caller was told. */
  endedAt?: number;
  waiters: Waiter[];
}

export type NewRun = Pick<Run, "id" | "attempt" | "about" | "weight" | "store" | "origin"> & {
  invocation?: Invocation;
};

export class Leases {
  readonly #runs = new Map<ActivationId, Run>();
  /** Runs whose outcome is still expected. */
  open = 0;

  get(id: ActivationId): Run | undefined {
    return this.#runs.get(id);
  }

  all(): Run[] {
    return [...this.#runs.values()];
  }

  grant(run: NewRun, options: { lease: Lease; now: number }): Run {
    return this.#add({ ...run, lease: options.lease, ...fresh(run.about, options.now), phase: "granted" });
  }

  /** A run the host names in its inventory, under the lease it has. */
  adopt(run: NewRun, options: { lease: Lease; now: number; phase: "running" | "recording" }): Run {
    return this.#add({ ...run, lease: options.lease, ...fresh(run.about, options.now), phase: options.phase });
  }

  /** The run this word is about, if it speaks under the lease that was granted. */
  match(word: { id: ActivationId; attempt: number; lease: Lease }): Run | undefined {
    const run = this.#runs.get(word.id);
    if (run === undefined || run.attempt !== word.attempt) return undefined;
    if (run.lease.epoch !== word.lease.epoch || run.lease.counter !== word.lease.counter) return undefined;
    return run;
  }

  /** Its outcome is known or given up. */
  end(run: Run): void {
    if (run.ended) return;
    run.ended = true;
    this.open--;
  }

  remove(run: Run): void {
    this.end(run);
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
  }

  /** The earliest moment at which a run is given up, or Infinity. */
  earliestDeadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const run of this.#runs.values()) if (!run.ended && run.deadline < earliest) earliest = run.deadline;
    return earliest;
  }

  #add(run: Run): Run {
    this.#runs.set(run.id, run);
    this.open++;
    return run;
  }
}

/** Answers everybody who waits for the run. */
export function answer(run: Run, reply: InvokeReply): void {
  const { waiters } = run;
  if (waiters.length === 0) return;
  run.waiters = [];
  for (const waiter of waiters) {
    waiter.cancel();
    waiter.answer(reply);
  }
}

function fresh(about: ActivationMeta, now: number): Pick<Run, "counted" | "ended" | "deadline" | "waiters"> {
  return { counted: false, ended: false, deadline: now + about.limits.timeout + GRACE, waiters: [] };
}
