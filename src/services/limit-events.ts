// What the limits of namespaces told in this isolate, until it is in a store of the namespace, from where it is sent as
// user events. Nothing is asked or written with a call: a batch follows within a second, kept alive by the call that
// was noted first. What an isolate that dies has not brought there is lost.

import type { Identity } from "../entities/identity.ts";
import type { LimitEvent } from "../entities/limit-event.ts";
import { log } from "../log.ts";
import type { ForwardRpc } from "../protocol/forwarding.ts";
import type { Later } from "./refreshed.ts";

/** ms that events wait for others. */
const DELAY_MS = 1_000;
/** Events of a namespace that wait; of more, it is only known how many there were. */
const MAX_WAITING = 1_000;
/** Namespaces of which something waits, or is remembered. */
const MAX_NAMESPACES = 10_000;
/** ms for which nothing is brought where nobody wanted it. */
const UNWANTED_MS = 30_000;
/** ms after which a timer that has not come is given up: its request has gone, and its timer with it. */
const LOST_AFTER_MS = 10_000;

interface LimitBacklog {
  events: LimitEvent[];
  lost: number;
  /** Epoch ms. */
  planned: number;
  /** Somebody did, when a store was asked last. */
  isWanted: boolean;
  unwantedUntil: number;
}

export interface LimitEventPorts {
  /** A store of this namespace. */
  store(namespaceId: string): Pick<ForwardRpc, "limitEvents">;
  now(): number;
  sleep(ms: number): Promise<void>;
  warn(text: string): void;
}

export class LimitEvents {
  readonly #ports: LimitEventPorts;
  readonly #kept = new Map<string, LimitBacklog>();

  /** `store`: one of this namespace's. */
  constructor(store: LimitEventPorts["store"], ports: Partial<LimitEventPorts> = {}) {
    this.#ports = {
      now: () => Date.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      warn: (text) => log.warn("limit-events", { text }),
      ...ports,
      store,
    };
  }

  note(
    { namespace, subject }: Pick<Identity, "namespace" | "subject">,
    metric: Pick<LimitEvent, "metricName" | "metricValue">,
    later: Later,
  ): void {
    const now = this.#ports.now();
    const kept = this.#of(namespace.uuid);
    if (now < kept.unwantedUntil) return;
    if (kept.events.length >= MAX_WAITING) kept.lost++;
    else kept.events.push({ ...metric, subject, namespace: namespace.name, at: now });
    if (now < kept.planned + LOST_AFTER_MS) return;
    kept.planned = now;
    later(this.#bring(namespace.uuid, kept));
  }

  /** What could not be brought waits for the next call that is noted. Never rejects. */
  async #bring(namespaceId: string, kept: LimitBacklog): Promise<void> {
    // Whether anybody wants them is asked at once, so that no request is kept alive for nothing.
    await (kept.isWanted ? this.#ports.sleep(DELAY_MS) : Promise.resolve());
    const { events, lost } = kept;
    kept.events = [];
    kept.lost = 0;
    kept.planned = Number.NEGATIVE_INFINITY;
    try {
      kept.isWanted = await this.#ports.store(namespaceId).limitEvents(events, lost);
      if (!kept.isWanted) kept.unwantedUntil = this.#ports.now() + UNWANTED_MS;
    } catch (error) {
      this.#ports.warn(`events of a namespace's limits wait: ${String(error)}`);
      const all = [...events, ...kept.events];
      kept.events = all.slice(0, MAX_WAITING);
      kept.lost += lost + all.length - kept.events.length;
    }
  }

  #of(namespaceId: string): LimitBacklog {
    let kept = this.#kept.get(namespaceId);
    if (kept === undefined) {
      if (this.#kept.size >= MAX_NAMESPACES) this.#forget();
      kept = { events: [], lost: 0, planned: Number.NEGATIVE_INFINITY, isWanted: false, unwantedUntil: 0 };
      this.#kept.set(namespaceId, kept);
    }
    return kept;
  }

  /** The one that is known longest: with a batch on its way or without. */
  #forget(): void {
    for (const [id, { events }] of this.#kept) {
      this.#kept.delete(id);
      if (events.length === 0) return;
      this.#ports.warn("events of a namespace's limits were dropped: too many namespaces have some");
      return;
    }
  }
}
