// Tells the roster what became of this scheduler's host, the newest word only, and tries until it has heard it: what it
// was told before may be that the host is ill. It owns the words that have not been heard yet. A host may say what it
// likes as often as it likes: one call is under way at a time, and what only changes the host's own account of itself
// waits for a pause.

import type { RosterEntry, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { Cancel } from "../shared/ports.ts";
import type { SchedulerPorts } from "./ports.ts";

/** Between the beginnings of two calls that agree on whether the host is connected and drained. */
const PAUSE_MS = 1_000;
/** After so long a call counts as failed. One that arrives after all does no harm: the roster goes by `epoch` and
 * `since`. */
const PATIENCE_MS = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;
/** Failures after which it is worth a line. */
const WORTH_TELLING = 3;

interface RosterAnswers {
  /** Stores that have rows waiting for anybody. */
  hear(stores: StoreName[]): void;
  /** The host that is connected has no token any more: it was let in while that was revoked. */
  unknown(): void;
}

export class StatusReporter {
  readonly #ports: Pick<SchedulerPorts, "now" | "after" | "report" | "warn">;
  readonly #answers: RosterAnswers;
  /** What the roster has not been told yet. */
  #newest: RosterEntry | undefined;
  /** What it was told last, or what is being told. */
  #last: { entry: RosterEntry; at: number } | undefined;
  #telling = false;
  /** In a row. */
  #failures = 0;
  #cancel: Cancel | undefined;

  constructor(ports: Pick<SchedulerPorts, "now" | "after" | "report" | "warn">, answers: RosterAnswers) {
    this.#ports = ports;
    this.#answers = answers;
  }

  announce(entry: RosterEntry): void {
    this.#newest = entry;
    this.#plan();
  }

  #plan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#telling || this.#newest === undefined) return;
    const ms = this.#pauseBefore(this.#newest);
    if (ms <= 0) void this.#tell(this.#newest);
    else this.#cancel = this.#ports.after(ms, () => this.#plan());
  }

  #pauseBefore(entry: RosterEntry): number {
    // Coming, going and draining are not the host's message, and placement goes by them: they are not kept waiting.
    if (this.#last === undefined || !isAlike(this.#last.entry, entry)) return 0;
    const retry = this.#failures === 0 ? 0 : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return this.#last.at + Math.max(PAUSE_MS, retry) - this.#ports.now();
  }

  async #tell(entry: RosterEntry): Promise<void> {
    this.#telling = true;
    this.#newest = undefined;
    this.#last = { entry, at: this.#ports.now() };
    try {
      const stores = await within((ms, run) => this.#ports.after(ms, run), PATIENCE_MS, this.#ports.report(entry));
      this.#failures = 0;
      if (stores !== null) this.#answers.hear(stores);
      else if (entry.connected) this.#answers.unknown();
    } catch (error) {
      this.#newest ??= entry;
      if (++this.#failures === WORTH_TELLING) {
        this.#ports.warn(`the roster cannot be told of ${entry.scheduler}, trying on: ${String(error)}`);
      }
    }
    this.#telling = false;
    this.#plan();
  }
}

function isAlike(one: RosterEntry, other: RosterEntry): boolean {
  return one.connected === other.connected && one.draining === other.draining;
}
