// User events of what ends in this store, and of its namespace's limits: on their way to the namespace's receiver, and
// to the platform's.

import type { ActivationMeta, ActivationRecord } from "../../src/entities/activation.ts";
import type { LimitEvent } from "../../src/entities/limit-event.ts";
import { activationEvent, limitEvent, type UserEvent } from "../../src/metrics/user-event.ts";
import type { ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { Database } from "../shared/schema.ts";
import { BatchForwarder, type Cargo } from "./forwarder.ts";
import type { EventHooks, StorePorts } from "./ports.ts";

/** Of one word of what the limits told, so many are taken: who tells sends no more. */
const MAX_TOLD = 1_000;

export class UserEvents {
  readonly #namespaceId: string;
  readonly #ports: Pick<StorePorts, "now">;
  readonly namespace: BatchForwarder;
  readonly platform: BatchForwarder;
  readonly #wake: () => void;

  constructor(
    namespaceId: string,
    options: {
      database: Database;
      ports: Pick<StorePorts, "now" | "after" | "warn" | "meter">;
      hooks: EventHooks;
      wake: () => void;
    },
  ) {
    const { database, ports, hooks, wake } = options;
    this.#namespaceId = namespaceId;
    this.#ports = ports;
    this.#wake = wake;
    const open = (cargo: Cargo) => new BatchForwarder({ database, ports, cargo, wake });
    const counted = (receiver: string): Pick<Cargo, "counted"> => ({
      counted: (outcome, by) => ports.meter?.count("edgewhisk_user_events_total", [receiver, outcome], by),
    });
    const noun = "User events";
    const linesOf: Cargo["linesOf"] = async ({ text }) => `${text}\n`;
    this.namespace = open({
      ...{ noun, linesOf, hook: hooks.namespace, ...counted("namespace") },
      tables: { queue: "event_forwards", hook: "event_hook" },
    });
    this.platform = open({
      ...{ noun, linesOf, hook: hooks.platform, ...counted("platform") },
      tables: { queue: "platform_forwards", hook: "platform_hook" },
    });
    // Whether there is one says the environment, which no object is told of when it changes.
    if ((this.platform.queue.owner !== null) !== hooks.isPlatforms)
      this.platform.order({ owner: "", revision: 0, on: hooks.isPlatforms });
  }

  order(order: ForwardOrder): void {
    this.namespace.order(order);
  }

  state(): ForwardState | null {
    return this.namespace.state();
  }

  /** In the transaction that makes the record; to be called where one of the two has somebody to tell. */
  ended(record: ActivationRecord, about: ActivationMeta): void {
    this.#made(record.activationId, activationEvent(record, about, this.#ports.now()));
  }

  /** `lost`: so many could not be brought. False: they are for nobody. */
  limits(events: readonly LimitEvent[], lost: number): boolean {
    if (!this.#isWanted) return false;
    const taken = events.slice(0, MAX_TOLD);
    for (const each of taken) this.#made("", limitEvent(each, this.#namespaceId));
    const missing = lost + events.length - taken.length;
    for (const each of [this.namespace, this.platform])
      if (each.queue.owner !== null && missing > 0) each.lost(missing);
    this.#wake();
    return true;
  }

  /** Epoch ms, or Infinity. */
  next(): number {
    return Math.min(this.namespace.next(), this.platform.next());
  }

  run(): void {
    this.namespace.run();
    this.platform.run();
  }

  get #isWanted(): boolean {
    return this.namespace.queue.owner !== null || this.platform.queue.owner !== null;
  }

  #made(id: string, event: UserEvent): void {
    const one = { id, text: JSON.stringify(event) };
    this.namespace.made(one);
    this.platform.made(one);
  }
}
