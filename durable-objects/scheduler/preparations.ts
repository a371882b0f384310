// Containers that are made ahead of calls. It owns the questions that are on their way to the host:
// each is answered once.

import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import type { PrepareReply } from "../../src/protocol/preparing.ts";
import type { AdmissionControl } from "./admission.ts";
import type { HostSession } from "./host-session.ts";
import type { SchedulerPorts } from "./ports.ts";
import type { RunSender } from "./run-sender.ts";

/** Questions on their way at once: more than a host has room for. */
const MAX_ASKED = 64;
/** Within so long the host must have answered, beyond what it may wait. */
const SLACK_MS = 10_000;
const MAX_WAIT_MS = 60_000;

type Prepared = Extract<HostMessage, { t: "prepared" }>;

export class Preparations {
  readonly #session: HostSession;
  readonly #ports: Pick<SchedulerPorts, "after" | "warn">;
  readonly #asked = new Map<number, (reply: PrepareReply) => void>();
  #asks = 0;

  constructor(options: { session: HostSession; ports: Pick<SchedulerPorts, "after" | "warn"> }) {
    this.#session = options.session;
    this.#ports = options.ports;
  }

  ask(
    invocation: Invocation,
    { admission, sender, waitMs }: { admission: AdmissionControl; sender: RunSender; waitMs: number },
  ): Promise<PrepareReply> {
    const have = admission.freeMb();
    const refusal = admission.refusal(invocation) ?? this.#refusal(invocation, have);
    if (refusal !== undefined) return Promise.resolve({ kind: "absent", have, reason: refusal });
    const wait = Math.min(waitMs, MAX_WAIT_MS);
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      const late: PrepareReply = { kind: "absent", have, reason: "its host did not answer in time" };
      const cancel = this.#ports.after(wait + SLACK_MS, () => this.#answer(ask, late));
      this.#asked.set(ask, (reply) => {
        cancel();
        resolve(reply);
      });
      sender.prepare(invocation, { ask, wait }).catch((error: unknown) => {
        const { path, transactionId } = invocation.about;
        this.#ports.warn(`${path} could not be prepared: ${String(error)}`, transactionId);
        this.#answer(ask, { kind: "absent", have, reason: "it could not be sent to its host" });
      });
    });
  }

  heard({ ask, reason, have = 0 }: Prepared): void {
    this.#answer(ask, reason === undefined ? { kind: "there" } : { kind: "absent", have, reason });
  }

  /** The line is gone, and with it all answers. */
  lost(): void {
    for (const ask of [...this.#asked.keys()]) {
      this.#answer(ask, { kind: "absent", have: 0, reason: "its host went away" });
    }
  }

  /** What runs goes first, with what has been promised to work that waits. */
  #refusal({ about }: Invocation, have: number): string | undefined {
    if (this.#session.report?.prepares !== true) return "its host prepares nothing";
    if (this.#asked.size >= MAX_ASKED) return "too many are prepared at once";
    return have < about.limits.memory ? "what runs or waits has the memory" : undefined;
  }

  #answer(ask: number, reply: PrepareReply): void {
    const resolve = this.#asked.get(ask);
    this.#asked.delete(ask);
    resolve?.(reply);
  }
}
