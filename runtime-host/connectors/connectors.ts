// The subscriptions of this host: asks the platform which are its, and lets go of all when it was not heard for as long
// as a lease lasts.

import { setTimeout as sleep } from "node:timers/promises";
import {
  type HostFires,
  type HostTurn,
  LEASE_MS,
  MAX_HELD,
  TURN_MS,
  type TurnAnswer,
} from "../../src/protocol/subscriptions.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import type { AllowList } from "./addresses.ts";
import type { ConnectBroker } from "./connection.ts";
import { HeldSubscription } from "./subscription.ts";
import type { SubscriptionApi } from "./subscription-api.ts";

export interface ConnectorsOptions {
  boot: string;
  api: SubscriptionApi;
  allowed: AllowList;
  connect: ConnectBroker;
  log: Logger;
}

/** ms by which a lease is given up before its end. */
const MARGIN_MS = 1_000;
/** ms after which the platform is asked again that did not answer, while there is something to lose. */
const HURRY_MS = 1_000;
/** ms the last words may take. */
const LEAVING_MS = 3_000;

export class Connectors {
  readonly #options: ConnectorsOptions;
  readonly #held = new Map<string, HeldSubscription>();
  /** Of subscriptions that this host had: what still goes on of them. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  /** Of `performance.now()`: until when what is held may be used. */
  #until = 0;
  #work: Promise<void> = Promise.resolve();
  #guard: NodeJS.Timeout | undefined;
  #silent = false;
  /** Of the next question. */
  #number = 0;

  constructor(options: ConnectorsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#work = this.#run();
  }

  /** Gives all back. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#work;
    clearTimeout(this.#guard);
    const stopped = [...this.#held.values()].map((each) => each.stop({ forget: false }));
    await Promise.all([...stopped, ...this.#ending.values()]);
    const last = this.#options.api.turn(this.#turn({ leaving: true })).catch(() => undefined);
    await Promise.race([last, sleep(LEAVING_MS, undefined, { ref: false })]);
    this.#held.clear();
    await this.#options.api.close();
  }

  /** Asks no more, and waits for nothing: what is held is given to others when its leases end. */
  abort(): void {
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const again = await this.#ask();
      await sleep(again, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** ms until it is asked again. */
  async #ask(): Promise<number> {
    const { api, log } = this.#options;
    const began = performance.now();
    for (const each of this.#held.values()) each.look();
    try {
      const answer = await api.turn(this.#turn({ leaving: false }));
      if (this.#stopping.signal.aborted) return 0;
      this.#until = began + LEASE_MS - MARGIN_MS;
      this.#obey(answer);
      this.#watch();
      this.#silent = false;
      return answer.againMs;
    } catch (error) {
      if (!this.#silent) log.warn("subscriptions.unanswered", { reason: reasonOf(error) });
      this.#silent = true;
      return this.#held.size > 0 ? HURRY_MS : TURN_MS;
    }
  }

  #turn({ leaving }: { leaving: boolean }): HostTurn {
    return {
      boot: this.#options.boot,
      number: this.#number++,
      room: MAX_HELD,
      leaving,
      held: [...this.#held.values()].map((each) => each.report()),
    };
  }

  #obey({ held, granted, gone }: TurnAnswer): void {
    const kept = new Map(held.map(({ id, counter }) => [id, counter]));
    const ended = [...this.#held.values()].filter(({ id, counter }) => kept.get(id) !== counter);
    for (const each of ended) this.#end(each, { forget: gone.includes(each.id) });
    const { boot, api, allowed, connect, log } = this.#options;
    for (const grant of granted) {
      const fire = (asked: Omit<HostFires, "boot">) => api.fire({ boot, ...asked });
      const after = this.#ending.get(grant.id);
      this.#held.set(grant.id, new HeldSubscription({ grant, allowed, connect, fire, log, after }));
    }
  }

  /** It is spoken of no more. The next lease is not waited for, and what that is of begins when this one has ended. */
  #end(subscription: HeldSubscription, { forget }: { forget: boolean }): void {
    const { id } = subscription;
    this.#held.delete(id);
    const end = Promise.all([this.#ending.get(id), subscription.stop({ forget })]).then(() => {
      if (this.#ending.get(id) === end) this.#ending.delete(id);
    });
    this.#ending.set(id, end);
  }

  /** Others may be given them from then on. */
  #watch(): void {
    clearTimeout(this.#guard);
    if (this.#held.size === 0) return;
    const letGo = () => {
      this.#options.log.warn("subscriptions.let-go", { subscriptions: this.#held.size });
      // What is given while they end is none of these.
      for (const each of [...this.#held.values()]) this.#end(each, { forget: false });
    };
    this.#guard = setTimeout(letGo, Math.max(0, this.#until - performance.now()));
    this.#guard.unref();
  }
}
