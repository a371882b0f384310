// One subscription that this host holds: dialled, dialled again when it ends, and what comes handed on,
// until the lease is gone.

import { setTimeout as sleep } from "node:timers/promises";
import type { MessageCounts } from "../../src/entities/subscription.ts";
import {
  type FiresAnswer,
  type Grant,
  type HeldReport,
  type HostFires,
  TURN_MS,
} from "../../src/protocol/subscriptions.ts";
import type { Logger } from "../program/logger.ts";
import { reasonOf } from "../program/logger.ts";
import { AddressRefused, type AllowList } from "./addresses.ts";
import type { BrokerConnection, ConnectBroker } from "./connection.ts";
import { freshCounts, MessageIntake } from "./intake.ts";

export interface HeldOptions {
  grant: Grant;
  allowed: AllowList;
  connect: ConnectBroker;
  fire(asked: Omit<HostFires, "boot">): Promise<FiresAnswer>;
  log: Logger;
  /** What must have ended before it begins. */
  after: Promise<void> | undefined;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** A connection that lasted so long (ms) was a good one. */
const GOOD_MS = 10_000;
/** After this (ms) it was not taken away, so that it is dialled again; half of it at least. */
const LOST_PAUSE_MS = 4 * TURN_MS;
const MAX_ERROR = 500;

export class HeldSubscription {
  readonly id: string;
  readonly counter: number;
  readonly #options: HeldOptions;
  readonly #counts: MessageCounts = freshCounts();
  readonly #stopping = new AbortController();
  readonly #work: Promise<void>;
  #state: HeldReport["state"] = "connecting";
  #error: { text: string; at: number } | null = null;
  #lag: number | null = null;
  #connection: BrokerConnection | null = null;
  #intake: MessageIntake | null = null;
  #forget = false;
  /** Of what is asked from now on. */
  #line = 0;
  /** The platform fires nothing for it any more: whether it is to go on is told with the next turn. */
  #lost = false;

  constructor(options: HeldOptions) {
    this.#options = options;
    this.id = options.grant.id;
    this.counter = options.grant.counter;
    this.#work = this.#run();
  }

  report(): HeldReport {
    const error = this.#error;
    return {
      ...{ id: this.id, counter: this.counter, state: this.#state, lag: this.#lag, counts: { ...this.#counts } },
      unacknowledged: this.#intake?.unacknowledged ?? 0,
      ...(error === null ? {} : { error: { text: error.text, ago: Math.max(0, Date.now() - error.at) } }),
    };
  }

  /** Asks the broker how much is left, for the next report. */
  look(): void {
    const asked = this.#connection;
    asked?.lag().then(
      (lag) => {
        this.#lag = lag;
      },
      (error: unknown) => this.#failed(reasonOf(error)),
    );
  }

  /** Nothing is taken any more when it returns; what is under way has been answered when it resolves. */
  async stop({ forget }: { forget: boolean }): Promise<void> {
    this.#forget ||= forget;
    this.#stopping.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    await this.#options.after;
    for (let failures = 0; !signal.aborted; failures++) {
      const began = Date.now();
      await this.#once();
      if (Date.now() - began > GOOD_MS) failures = 0;
      if (this.#state === "refused") return;
      const pause = Math.max(
        this.#lost ? LOST_PAUSE_MS : 0,
        Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)),
      );
      this.#lost = false;
      await sleep(pause * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** From the dial to the end of the connection, whatever ends it. */
  async #once(): Promise<void> {
    const { signal } = this.#stopping;
    const { grant, allowed, connect } = this.#options;
    const { id, settings, credentials } = grant;
    const ended = Promise.withResolvers<void>();
    const intake = this.#intakeFor(() => ended.resolve());
    signal.addEventListener("abort", () => ended.resolve(), { once: true });
    if (this.#state !== "retrying") this.#state = "connecting";
    try {
      const connection = await connect({ id, settings, credentials, allowed, receiver: intake });
      this.#connection = connection;
      this.#state = "receiving";
      this.#options.log.info("subscription.receiving", { subscription: this.id });
      void connection.ended.then((reason) => {
        if (!signal.aborted) this.#broken(reason);
        ended.resolve();
      });
      if (!signal.aborted) await ended.promise;
      // What comes now is sent again to whoever comes next.
      const under = intake.close();
      await connection.close({ forget: this.#forget });
      await under;
    } catch (error) {
      this.#broken(reasonOf(error));
      if (error instanceof AddressRefused) this.#state = "refused";
    } finally {
      this.#connection = null;
      this.#lag = null;
      await intake.close();
    }
  }

  #intakeFor(lost: () => void): MessageIntake {
    const { fire } = this.#options;
    const { id, counter } = this;
    this.#line++;
    const intake = new MessageIntake({
      counts: this.#counts,
      fire: (asked) => fire({ id, counter, line: this.#line, ...asked }),
      gaveUp: () => this.#line++,
      failed: (text) => this.#failed(text),
      room: () => this.#connection?.resume(),
      lost: (reason) => {
        this.#lost = true;
        this.#failed(reason);
        lost();
      },
    });
    this.#intake = intake;
    return intake;
  }

  #broken(reason: string): void {
    this.#failed(reason);
    this.#state = "retrying";
    this.#options.log.warn("subscription.broken", { subscription: this.id, reason: reason.slice(0, MAX_ERROR) });
  }

  #failed(text: string): void {
    this.#error = { text: text.slice(0, MAX_ERROR), at: Date.now() };
  }
}
