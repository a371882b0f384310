// Gives runs up whose host falls silent or which take longer than any run may. Their store and callers are told; their
// memory stays counted until the host speaks again. It owns the one timer for that, which runs only while something is
// expected.

import { DEAD_AFTER } from "../../src/protocol/messages.ts";
import type { Cancel } from "../shared/ports.ts";
import type { HostSession } from "./host-session.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { RunTable } from "./run-table.ts";

/** A host whose process lives may be silent so long before what runs there is given up. */
const MAX_STARVED_MS = 60_000;
/** Between two looks at a host that is silent. */
const LOOK_AGAIN_MS = 1_000;
/** A timer that is early by less than this is not worth another round. */
const SLACK_MS = 5;

type Ports = Pick<SchedulerPorts, "now" | "after" | "hostIsGoing" | "warn">;

export class LivenessMonitor {
  readonly #session: HostSession;
  readonly #runs: RunTable;
  readonly #ports: Ports;
  #cancel: Cancel | undefined;
  #asking = false;
  /** The last sign of life (epoch ms) after which a silence has been told. */
  #saidOf = 0;

  constructor(options: { session: HostSession; runs: RunTable; ports: Ports }) {
    this.#session = options.session;
    this.#runs = options.runs;
    this.#ports = options.ports;
  }

  /** Looks after the open runs from now on; does nothing if it already does, or if there are none. */
  watch(): void {
    if (this.#cancel !== undefined || this.#runs.open === 0) return;
    const now = this.#ports.now();
    const silentAt = this.#session.lastSign() + DEAD_AFTER;
    const next = Math.min(silentAt > now ? silentAt : now + LOOK_AGAIN_MS, this.#runs.earliestDeadline());
    this.#cancel = this.#ports.after(Math.max(0, next - now) + SLACK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    if (this.#runs.open === 0) return;
    if (this.#session.isSilent()) this.silent();
    this.#runs.loseOverdue("it did not end in time");
    this.watch();
  }

  /** The host pings no more. Where its line is open and its machine says that its process lives, it gets no processor:
   * its runs are left to it for a while. A process that has died closes its line. */
  silent(): void {
    const { hostIsGoing } = this.#ports;
    const starvedMs = this.#ports.now() - this.#session.lastSign();
    if (hostIsGoing === undefined || !this.#session.connected || starvedMs > MAX_STARVED_MS) {
      this.#unreachable();
      return;
    }
    if (this.#asking) return;
    this.#asking = true;
    void hostIsGoing().then((isGoing) => this.#told(isGoing));
  }

  #told(isGoing: boolean): void {
    this.#asking = false;
    if (!this.#session.isSilent()) return;
    if (!isGoing) {
      this.#unreachable();
      return;
    }
    const lastSign = this.#session.lastSign();
    if (this.#saidOf === lastSign) return;
    this.#saidOf = lastSign;
    this.#ports.warn(
      "its host gives no sign of life, but its process lives: what runs there is left to it for a minute",
    );
  }

  /** Drops its socket and gives up what ran. */
  #unreachable(): void {
    if (this.#session.connected) {
      this.#session.close(1001, "no ping");
      this.#session.announce();
    }
    this.#runs.loseAll("its host cannot be reached");
    this.#cancel?.();
    this.#cancel = undefined;
    this.watch();
  }
}
