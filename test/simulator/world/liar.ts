// A host whose token was stolen: it has dialled in, knows all that other hosts were sent, leases included, and says of
// it what it likes. Nothing fits it, so that it is given no work; whatever it says must change nothing.

import { SchedulerLink } from "../../../runtime-host/link/scheduler-link.ts";
import type { Logger } from "../../../runtime-host/program/logger.ts";
import { completionOf } from "../../../src/entities/activation.ts";
import { success } from "../../../src/entities/outcome.ts";
import {
  type HostMessage,
  type HostReport,
  PROTOCOL_VERSION,
  type SchedulerMessage,
} from "../../../src/protocol/messages.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import { Random } from "../machine/random.ts";

export const LIAR = "liar";
/** What its records say, and no true one. */
export const LIE = '{"a":"lie"}';

type Run = Extract<SchedulerMessage, { t: "run" }>;

export class Liar {
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #owner: Owner = { label: LIAR, alive: true };
  readonly #overheard: Run[] = [];
  #epoch = 0;
  lies = 0;

  constructor(kernel: Kernel, seed: number) {
    this.#kernel = kernel;
    this.#random = new Random(seed);
  }

  /** What another host was sent. */
  overhear(messages: readonly SchedulerMessage[]): void {
    for (const message of messages) if (message.t === "run") this.#overheard.push(message);
  }

  start(until: number): void {
    const link = new SchedulerLink({
      url: `http://${LIAR}`,
      token: "stolen",
      shard: 0,
      boot: REPORT.boot,
      report: () => ({ ...REPORT, epoch: this.#epoch }),
      received: (_link, messages) => {
        for (const message of messages) {
          if (message.t !== "welcome") continue;
          this.#epoch = message.epoch;
          link.send({ t: "inventory", epoch: message.epoch, boot: REPORT.boot, running: this.#claimed(), more: false });
        }
      },
      lost: () => {},
      log: SILENT,
    });
    const speak = (): void => {
      if (this.#kernel.elapsed > until) return;
      for (let left = this.#random.int(1, 4); left > 0; left--) {
        const lie = this.#lie();
        if (lie === null || !link.open) continue;
        this.lies++;
        link.send(lie);
      }
      this.#kernel.after(this.#random.ms(5, 200), this.#owner, speak);
    };
    this.#kernel.after(0, this.#owner, () => {
      link.start();
      speak();
    });
  }

  /** Mostly of what has just begun, as if it knew how it ends. */
  #lie(): HostMessage | null {
    const recent = this.#overheard.slice(-10);
    if (recent.length === 0) return null;
    const { lease, attempt, invocation } = this.#random.pick(this.#random.chance(0.8) ? recent : this.#overheard);
    const { id, about } = invocation;
    const completion = completionOf(success(LIE), { engine: "lie", ran: true });
    const counter = this.#random.chance(0.7) ? lease.counter : this.#random.int(0, 1e9);
    const word = { id, attempt, lease: { epoch: lease.epoch, counter } };
    return this.#random.pick<() => HostMessage>([
      () => ({ t: "record", ...word, about, completion }),
      () => ({ t: "record", ...word, about: { ...about, name: "another" }, completion }),
      () => ({ t: "result", ...word, completion }),
      () => ({ t: "refused", ...word, reason: "busy" }),
    ])();
  }

  #claimed() {
    return this.#overheard.slice(-5).map(({ lease, attempt, invocation }) => {
      return { id: invocation.id, attempt, lease, memory: 128, about: invocation.about };
    });
  }
}

const REPORT: Omit<HostReport, "epoch"> = {
  version: PROTOCOL_VERSION,
  ...{ host: LIAR, shard: 0, boot: `${LIAR}.b1`, build: "sim", engine: "process" },
  ...{ memory: 1, runtimes: [], blackbox: false },
};
const quiet = (): void => {};
const SILENT: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, with: () => SILENT };
