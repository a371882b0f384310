// Who follows the output of a run: each question goes to the host and is answered once. Nothing is kept here.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import type { TailReply } from "../../src/protocol/rpc.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { SchedulerState } from "./state.ts";

/** Questions on their way at once. */
const MOST = 256;
/** ms after which the host must have answered, beyond what it may wait. */
const SLACK = 2_000;
const LONGEST = 15_000;

type Lines = Extract<HostMessage, { t: "lines" }>;

export class Tails {
  readonly #state: SchedulerState;
  readonly #ports: Pick<SchedulerPorts, "after">;
  readonly #asked = new Map<number, (reply: TailReply) => void>();
  #asks = 0;

  constructor(state: SchedulerState, ports: Pick<SchedulerPorts, "after">) {
    this.#state = state;
    this.#ports = ports;
  }

  ask(id: ActivationId, options: { namespaceId: string; from: number; waitMs: number }): Promise<TailReply> {
    const { leases, link } = this.#state;
    const run = leases.get(id);
    const isTheirs = run?.about.namespaceId === options.namespaceId && run.origin !== "claimed";
    if (run === undefined || !isTheirs) return Promise.resolve({ kind: "unknown" });
    const wait = Math.min(options.waitMs, LONGEST);
    if (wait === 0 && run.phase === "recording") return Promise.resolve({ kind: "over" });
    if (wait === 0 || link.phase !== "ready" || run.phase === "granted" || this.#asked.size >= MOST) {
      return Promise.resolve({ kind: "nothing" });
    }
    if (run.ended || link.report?.follows !== true) return Promise.resolve({ kind: "over" });
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      const cancel = this.#ports.after(wait + SLACK, () => this.#answer(ask, { kind: "nothing" }));
      this.#asked.set(ask, (reply) => {
        cancel();
        resolve(reply);
      });
      link.post({ t: "tail", id, ask, from: options.from, wait });
    });
  }

  heard(word: Lines): void {
    const { ask, attempt, text, next } = word;
    if (word.over === true) this.#answer(ask, { kind: "over" });
    else if (text === undefined || attempt === undefined) this.#answer(ask, { kind: "nothing" });
    else this.#answer(ask, { kind: "lines", attempt, text, next });
  }

  /** The line is gone, and with it all answers. */
  lost(): void {
    for (const ask of [...this.#asked.keys()]) this.#answer(ask, { kind: "nothing" });
  }

  #answer(ask: number, reply: TailReply): void {
    const resolve = this.#asked.get(ask);
    this.#asked.delete(ask);
    resolve?.(reply);
  }
}
