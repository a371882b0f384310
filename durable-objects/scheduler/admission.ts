// Decides what is taken, from callers, from stores that offer and from stores that were asked. It owns nothing: the
// session says whether the host takes anything, the run table whether there is room.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { needOf, unsuited } from "../../src/protocol/matching.ts";
import type { Offer, OfferReply, StoreName } from "../../src/protocol/rpc.ts";
import type { Delivery } from "./delivery.ts";
import type { HostSession } from "./host-session.ts";
import type { LivenessMonitor } from "./liveness-monitor.ts";
import type { TrackedRun } from "./run.ts";
import type { RunSender } from "./run-sender.ts";
import type { RunTable } from "./run-table.ts";
import type { WorkPuller } from "./work-puller.ts";

export interface AdmissionParts {
  session: HostSession;
  runs: RunTable;
  delivery: Delivery;
  sender: RunSender;
  liveness: LivenessMonitor;
  puller: WorkPuller;
}

export class AdmissionControl {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Why nothing at all is admitted, or undefined. */
  closed(): string | undefined {
    const { session, liveness } = this.#parts;
    if (!session.connected) {
      session.absent();
      return "no host is connected";
    }
    if (session.isSilent()) {
      liveness.silent();
      return "the host does not answer";
    }
    return session.closed();
  }

  /** Why this host takes no such call, whatever its load; or undefined. */
  refusal(invocation: Invocation): string | undefined {
    const closed = this.closed();
    if (closed !== undefined) return closed;
    const { report } = this.#parts.session;
    return report === undefined ? "no host is connected" : unsuited(report, needOf(invocation));
  }

  /** MB that work of stores may have now; 0 if nothing is admitted. */
  freeMb(): number {
    const { runs } = this.#parts;
    return this.closed() === undefined && !runs.isCrowded ? runs.freeMb : 0;
  }

  /** A lease and the memory for it, or undefined if there is no room. */
  admit(offer: Offer, options: { store: StoreName; origin: "fast" | "durable" }): TrackedRun | undefined {
    const { runs, session, puller, liveness } = this.#parts;
    const { store, origin } = options;
    const run = runs.admit(offer, { store, origin, epoch: session.epoch, reservedMb: puller.reservedMb });
    if (run !== undefined) liveness.watch();
    return run;
  }

  /** Starts what a store offers. `epoch`: the one it offers to. What does not fit is remembered: the store is asked
   * when memory frees. */
  takeOffered(store: StoreName, offers: readonly Offer[], options: { epoch: number }): OfferReply {
    const { session, runs, sender, puller } = this.#parts;
    const isStale = options.epoch !== undefined && options.epoch !== session.epoch;
    const closed = this.closed();
    const accepted: ActivationId[] = [];
    let wantedMb = 0;
    let unsuitable = 0;
    for (const offer of isStale || closed !== undefined ? [] : offers) {
      const { invocation, attempt } = offer;
      const known = runs.get(invocation.id);
      if (known !== undefined) {
        if (isSame(known, attempt)) accepted.push(known.id);
        continue;
      }
      if (runs.isDenied(invocation.id, attempt)) continue;
      if (this.refusal(invocation) !== undefined) {
        unsuitable++;
        continue;
      }
      const run = this.admit(offer, { store, origin: "durable" });
      if (run === undefined) {
        wantedMb += invocation.about.limits.memory;
        continue;
      }
      accepted.push(run.id);
      sender.start(run);
    }
    if (wantedMb > 0) puller.add(store, wantedMb);
    const room = closed === undefined ? Math.max(0, runs.freeMb - puller.reservedMb) : 0;
    const reply: OfferReply = { epoch: session.epoch, boot: session.boot, accepted, room };
    if (accepted.length < offers.length) {
      const otherwise = unsuitable > 0 ? "unsuited" : "not-ready";
      reply.reason = isStale ? "stale" : wantedMb > 0 ? "busy" : otherwise;
    }
    return reply;
  }

  /** Starts what a store gave when it was asked, and tells it what was not. Returns how many were started. */
  takePulled(store: StoreName, offers: readonly Offer[]): number {
    const { runs, sender, delivery } = this.#parts;
    const declined: { id: ActivationId; attempt: number }[] = [];
    let started = 0;
    for (const offer of offers) {
      const { invocation, attempt } = offer;
      const known = runs.get(invocation.id);
      if (known !== undefined && isSame(known, attempt)) continue;
      const isFree = known === undefined && !runs.isDenied(invocation.id, attempt);
      const fits = isFree && this.refusal(invocation) === undefined;
      const run = fits ? this.admit(offer, { store, origin: "durable" }) : undefined;
      if (run === undefined) declined.push({ id: invocation.id, attempt });
      else {
        started++;
        sender.start(run);
      }
    }
    if (declined.length > 0) delivery.decline(store, declined);
    return started;
  }
}

/** Whether what is offered runs here already, as this attempt. */
function isSame(run: TrackedRun, attempt: number): boolean {
  return run.attempt === attempt && !run.ended && run.origin !== "claimed";
}
