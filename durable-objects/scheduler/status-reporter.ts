// Tells the roster what became of this scheduler's host, the newest word only, and tries until it has heard it: what it was
// told before may be that the host is ill.

import type { RosterEntry, StoreName } from "../../src/protocol/rpc.ts";
import type { SchedulerPorts } from "./ports.ts";

const RETRY_FIRST = 500;
const MAX_RETRY = 5_000;
/** Failures after which it is worth a line. */
const WORTH_TELLING = 3;

export class StatusReporter {
  readonly #ports: SchedulerPorts;
  /** Stores that have rows waiting for anybody. */
  readonly #hear: (stores: StoreName[]) => void;
  #version = 0;

  constructor(ports: SchedulerPorts, hear: (stores: StoreName[]) => void) {
    this.#ports = ports;
    this.#hear = hear;
  }

  announce(entry: RosterEntry): void {
    void this.#tell(entry, { version: ++this.#version, failures: 0 });
  }

  async #tell(entry: RosterEntry, state: { version: number; failures: number }): Promise<void> {
    if (state.version !== this.#version) return;
    try {
      this.#hear(await this.#ports.report(entry));
    } catch (error) {
      const failures = state.failures + 1;
      if (failures === WORTH_TELLING) {
        this.#ports.warn(`the roster cannot be told of ${entry.scheduler}, trying on: ${String(error)}`);
      }
      this.#ports.after(Math.min(MAX_RETRY, RETRY_FIRST * 2 ** state.failures), () => {
        void this.#tell(entry, { version: state.version, failures });
      });
    }
  }
}
