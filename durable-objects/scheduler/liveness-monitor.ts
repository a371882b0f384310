// What happens to runs whose host falls silent, restarts, or takes longer than any run may. Their outcome is given up and
// their store and callers are told; their memory stays counted until the host speaks again. The timer runs only while
// something is expected.

import { completionOf, lostCompletion } from "../../src/entities/activation.ts";
import { internalError } from "../../src/entities/outcome.ts";
import { DEAD_AFTER } from "../../src/protocol/messages.ts";
import { answer, type Run } from "./leases.ts";
import type { Cancel, SchedulerPorts } from "./ports.ts";
import type { SchedulerState } from "./state.ts";

/** A host whose process lives may be silent so long (ms) before what runs there is given up. */
const MAX_STARVED = 60_000;
/** ms between two looks at a host that is silent. */
const LOOK_AGAIN = 1_000;
/** A timer that is early by less than this is not worth another round. */
const SLACK = 5;

export class LivenessMonitor {
  readonly #state: SchedulerState;
  readonly #ports: SchedulerPorts;
  #watching = false;
  #cancel: Cancel | undefined;
  #asking = false;
  /** The last sign of life after which a silence has been told. */
  #saidOf = 0;

  constructor(state: SchedulerState, ports: SchedulerPorts) {
    this.#state = state;
    this.#ports = ports;
  }

  /** Looks after the open runs from now on; does nothing if it already does. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const { link, leases } = this.#state;
    const now = this.#ports.now();
    const silent = link.lastSign() + DEAD_AFTER;
    const next = Math.min(silent > now ? silent : now + LOOK_AGAIN, leases.earliestDeadline());
    this.#cancel = this.#ports.after(Math.max(0, next - now) + SLACK, () => this.#look());
  }

  /** The host pings no more. Where its line is open and its machine says that its process lives, it gets no processor: its runs
   * are left to it for a while. A process that has died closes its line. */
  silent(): void {
    const { link } = this.#state;
    const { hostIsGoing } = this.#ports;
    const starved = () => this.#ports.now() - link.lastSign();
    if (hostIsGoing === undefined || !link.connected || starved() > MAX_STARVED) {
      this.#unreachable();
      return;
    }
    if (this.#asking) return;
    this.#asking = true;
    void hostIsGoing().then((going) => {
      this.#asking = false;
      if (!link.isSilent(this.#ports.now())) return;
      if (!going) this.#unreachable();
      else if (this.#saidOf !== link.lastSign()) {
        this.#saidOf = link.lastSign();
        this.#ports.warn(
          "its host gives no sign of life, but its process lives: what runs there is left to it for a minute",
        );
      }
    });
  }

  /** Drops its socket and gives up what ran. */
  #unreachable(): void {
    const { link } = this.#state;
    if (link.connected) {
      link.close(1001, "no ping");
      const entry = this.#state.entry(this.#ports.now());
      if (entry !== undefined) this.#state.announcer.announce(entry);
    }
    this.loseAll("its host cannot be reached");
    if (this.#state.leases.open > 0) return;
    this.#cancel?.();
    this.#watching = false;
  }

  /** Gives up everything that is open. */
  loseAll(reason: string): void {
    for (const run of this.#state.leases.all()) this.lose(run, reason);
  }

  lose(run: Run, reason: string): void {
    if (run.ended) return;
    if (run.phase === "granted") {
      this.unstarted(run, reason);
      return;
    }
    const { outbox, leases } = this.#state;
    const known = run.completion;
    leases.end(run);
    if (run.origin === "claimed") return;
    outbox.add(run.store, this.#state.finished(run, known ?? lostCompletion(reason)), { owed: false });
    answer(run, { kind: "lost", reason });
  }

  /** A run that never left here: who granted it decides anew. */
  unstarted(run: Run, reason: string): void {
    if (run.ended) return;
    this.#state.free(run);
    this.#state.leases.remove(run);
    if (run.origin === "durable") this.#state.decline(run.store, [{ id: run.id, attempt: run.attempt }]);
    else if (run.waiters.length > 0) answer(run, { kind: "not-ready", reason });
    else {
      const completion = completionOf(internalError(`The activation was not started: ${reason}.`));
      this.#state.outbox.add(run.store, this.#state.finished(run, completion), { owed: false });
    }
  }

  #look(): void {
    this.#watching = false;
    const { link, leases } = this.#state;
    if (leases.open === 0) return;
    const now = this.#ports.now();
    if (link.isSilent(now)) this.silent();
    for (const run of leases.all()) if (now >= run.deadline) this.lose(run, "it did not end in time");
    if (leases.open > 0) this.watch();
  }
}
