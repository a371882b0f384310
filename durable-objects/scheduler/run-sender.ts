// Sends granted runs to the host, each with its credential and the signed keys of what it may read. It owns the
// credentials and keys that serve several runs.

import { completionOf } from "../../src/entities/activation.ts";
import { internalError } from "../../src/entities/outcome.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { hostOfScheduler } from "../../src/protocol/names.ts";
import { Credentials } from "./credentials.ts";
import type { HostSession } from "./host-session.ts";
import { Passes } from "./passes.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { TrackedRun } from "./run.ts";
import type { RunTable } from "./run-table.ts";

export class RunSender {
  readonly #session: HostSession;
  readonly #runs: RunTable;
  readonly #ports: Pick<SchedulerPorts, "now" | "credential" | "proofs" | "warn">;
  /** A run has ended here without being sent: there is memory. */
  readonly #concluded: () => void;
  readonly #credentials: Credentials;
  readonly #passes: Passes;

  constructor(options: {
    session: HostSession;
    runs: RunTable;
    ports: Pick<SchedulerPorts, "now" | "credential" | "proofs" | "warn">;
    concluded: () => void;
  }) {
    const { session, runs, ports, concluded } = options;
    this.#session = session;
    this.#runs = runs;
    this.#ports = ports;
    this.#concluded = concluded;
    this.#credentials = new Credentials((invocation, expiresAt) => ports.credential(invocation, expiresAt));
    this.#passes = new Passes(hostOfScheduler(session.name), () => ports.proofs());
  }

  /** Sends a run that was just granted: at once, or when its credential has been made. */
  start(run: TrackedRun): void {
    const { invocation } = run;
    if (invocation === undefined) return;
    const key = this.#credentials.for(invocation, run.deadline);
    if (key === undefined || typeof key === "string") {
      this.send(run, key);
      return;
    }
    key.then(
      (made) => this.send(run, made),
      (error: unknown) => {
        this.#ports.warn(`no credential for ${run.id}: ${String(error)}`, invocation.about.transactionId);
        this.#conclude(run, "The action's credential could not be made.");
      },
    );
  }

  /** Sends a granted run, or again one whose frame went down with an earlier socket: the host knows what it has
   * started. */
  send(run: TrackedRun, key = run.key): void {
    const { invocation } = run;
    if (invocation === undefined || run.ended || this.#runs.get(run.id) !== run) return;
    if (!this.#session.isReady) {
      if (run.phase === "granted") this.#runs.unstarted(run, "the host went away");
      return;
    }
    try {
      this.#session.post({
        t: "run",
        epoch: this.#session.epoch,
        lease: run.lease,
        attempt: run.attempt,
        invocation: this.#passes.for(invocation, run.deadline),
        ...(key === undefined ? {} : { key }),
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#conclude(run, "The activation is too large to be sent to a host.");
      return;
    }
    this.#runs.sent(run, key);
  }

  /** Has a container made for a call that is about to come. Rejects if the host cannot be told. */
  async prepare(invocation: Invocation, { ask, wait }: { ask: number; wait: number }): Promise<void> {
    // Made, opened, and called once.
    const deadline = this.#ports.now() + wait + 2 * invocation.about.limits.timeout;
    const key = await this.#credentials.for(invocation, deadline);
    if (!this.#session.isReady) throw new Error("the host went away");
    this.#session.post({
      ...{ t: "prepare", epoch: this.#session.epoch, ask, wait, invocation: this.#passes.for(invocation, deadline) },
      ...(key === undefined ? {} : { key }),
    });
  }

  #conclude(run: TrackedRun, text: string): void {
    this.#runs.conclude(run, completionOf(internalError(text)));
    this.#concluded();
  }
}
