// Which containers of the host run nothing: only the host knows. It owns the questions that are on their way to it:
// each is answered once.

import type { ContainersReply } from "../../src/protocol/containers.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import type { HostSession } from "./host-session.ts";
import type { SchedulerPorts } from "./ports.ts";

/** Questions on their way at once. */
const MAX_ASKED = 16;
/** ms within which the host must have answered. */
const ANSWER_MS = 2_000;

type Listed = Extract<HostMessage, { t: "listed" }>;
type Idle = ContainersReply["idle"];

export class IdleRequests {
  readonly #session: HostSession;
  readonly #ports: Pick<SchedulerPorts, "after">;
  readonly #asked = new Map<number, (reply: Idle) => void>();
  #asks = 0;

  constructor(options: { session: HostSession; ports: Pick<SchedulerPorts, "after"> }) {
    this.#session = options.session;
    this.#ports = options.ports;
  }

  /** Undefined: it cannot say, or did not in time. */
  ask(): Promise<Idle> {
    const session = this.#session;
    if (!session.isReady || session.report?.lists !== true || this.#asked.size >= MAX_ASKED)
      return Promise.resolve(undefined);
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ANSWER_MS, () => this.#answer(ask, undefined));
      this.#asked.set(ask, (reply) => {
        cancel();
        resolve(reply);
      });
      session.post({ t: "list", ask });
    });
  }

  heard({ ask, idle, more }: Listed): void {
    this.#answer(ask, { items: idle, more });
  }

  /** The line is gone, and with it all answers. */
  lost(): void {
    for (const ask of [...this.#asked.keys()]) this.#answer(ask, undefined);
  }

  #answer(ask: number, reply: Idle): void {
    const resolve = this.#asked.get(ask);
    this.#asked.delete(ask);
    resolve?.(reply);
  }
}
