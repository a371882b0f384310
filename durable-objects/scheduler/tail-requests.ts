// Who follows the output of a run. It owns the questions that are on their way to the host: each is answered once.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { mayFollow, type RecordReader } from "../../src/entities/record-reader.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import type { TailReply } from "../../src/protocol/rpc.ts";
import type { HostSession } from "./host-session.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { RunTable } from "./run-table.ts";

/** Questions on their way at once. */
const MAX_ASKED = 256;
/** Within so long the host must have answered, beyond what it may wait. */
const SLACK_MS = 2_000;
const MAX_WAIT_MS = 15_000;

type Lines = Extract<HostMessage, { t: "lines" }>;

export class TailRequests {
  readonly #session: HostSession;
  readonly #runs: RunTable;
  readonly #ports: Pick<SchedulerPorts, "after">;
  readonly #asked = new Map<number, (reply: TailReply) => void>();
  #asks = 0;

  constructor(options: { session: HostSession; runs: RunTable; ports: Pick<SchedulerPorts, "after"> }) {
    this.#session = options.session;
    this.#runs = options.runs;
    this.#ports = options.ports;
  }

  ask(
    id: ActivationId,
    options: { namespaceId: string; from: number; waitMs: number; reader?: RecordReader | undefined },
  ): Promise<TailReply> {
    const session = this.#session;
    const run = this.#runs.get(id);
    const { namespaceId, reader } = options;
    const isTheirs = run?.about.namespaceId === namespaceId && run.origin !== "claimed";
    if (run === undefined || !isTheirs || (reader !== undefined && !mayFollow(reader, run.about)))
      return Promise.resolve({ kind: "unknown" });
    const wait = Math.min(options.waitMs, MAX_WAIT_MS);
    if (wait === 0 && run.phase === "recording") return Promise.resolve({ kind: "over" });
    if (wait === 0 || !session.isReady || run.phase === "granted" || this.#asked.size >= MAX_ASKED) {
      return Promise.resolve({ kind: "nothing" });
    }
    if (run.ended || session.report?.follows !== true) return Promise.resolve({ kind: "over" });
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      const cancel = this.#ports.after(wait + SLACK_MS, () => this.#answer(ask, { kind: "nothing" }));
      this.#asked.set(ask, (reply) => {
        cancel();
        resolve(reply);
      });
      session.post({ t: "tail", id, ask, from: options.from, wait });
    });
  }

  heard(message: Lines): void {
    const { ask, attempt, text, next } = message;
    if (message.over === true) this.#answer(ask, { kind: "over" });
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
