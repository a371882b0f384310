// The Subscriptions object and hosts with connectors in a world of their own: hosts that die, freeze and come back,
// incarnations that die or live on beside the next one, questions and answers that are lost or slow, brokers that end
// connections; and the judge of it: nothing is acknowledged before it is stored, each message is as many activations as
// is promised, and no subscription is two hosts'.

import type { Database } from "../../../durable-objects/shared/schema.ts";
import { SubscriptionsCore } from "../../../durable-objects/subscriptions/core.ts";
import { Connectors } from "../../../runtime-host/connectors/connectors.ts";
import type { SubscriptionApi } from "../../../runtime-host/connectors/subscription-api.ts";
import type { Logger } from "../../../runtime-host/program/logger.ts";
import type { SubscriptionSettings } from "../../../src/entities/subscription.ts";
import {
  type Definition,
  type FiresAnswer,
  type HostFires,
  type HostTurn,
  LEASE_MS,
  type TurnAnswer,
} from "../../../src/protocol/subscriptions.ts";
import { Sqlite } from "../../support/sqlite.ts";
import { enter } from "../machine/ambient.ts";
import { Kernel, type Owner } from "../machine/kernel.ts";
import { Random } from "../machine/random.ts";
import { type BrokerWorld, type SimBroker, SimSession, SimStream } from "./brokers.ts";

const LENGTH_MS = 240_000;
/** From here on nothing goes wrong any more, but one host that dies for good. */
const CALM_MS = 130_000;
/** When all has been acknowledged, and until when messages come. */
const QUIET_MS = 170_000;
/** A machine's clock is wrong by less than this (ms). */
const MAX_SKEW_MS = 500;
/** ms within which another host must have what a dead one had. */
const MOVES_WITHIN_MS = 15_000;
/** ms a question may take at a host, as the real one gives up. */
const PATIENCE_MS = 6_000;
const HOSTS = ["a", "b", "c"];

export interface SubscribedOutcome {
  violations: string[];
  messages: number;
  activations: number;
  /** What went wrong on the way. */
  deaths: number;
  freezes: number;
  moves: number;
  lostAnswers: number;
}

interface Incarnation extends Owner {
  skew: number;
  superseded: boolean;
  core: SubscriptionsCore;
}

interface SimHost extends Owner {
  name: string;
  alive: boolean;
  frozen: boolean;
  boot: string;
  connectors: Connectors;
  /** ms after the beginning at which it began to ask what was answered last, and at which it thawed. */
  heard: number;
  thawed: number;
  /** Its question with the highest number, and who heard it. */
  last: { number: number; object: object | null };
}

/** What of a subscription the object gave to whom. */
interface Holding {
  host: SimHost;
  counter: number;
  /** ms after the beginning at which the object heard of it last. */
  heard: number;
}

interface Subject {
  id: string;
  promise: "exactly once" | "at least once";
  broker: SimBroker;
}

const SILENT: Logger = {
  ...{ debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  with: () => SILENT,
};

class SubscribedWorld implements BrokerWorld {
  readonly kernel: Kernel;
  readonly random: Random;
  readonly outcome: SubscribedOutcome = {
    ...{ violations: [], messages: 0, activations: 0, deaths: 0, freezes: 0, moves: 0, lostAnswers: 0 },
  };
  readonly #outside: Owner = { label: "outside", alive: true };
  readonly #sqlite = new Sqlite();
  readonly #hosts = new Map<string, SimHost>();
  readonly #subjects: Subject[];
  readonly #definitions: Definition[];
  /** Activations, by what a message is known by. */
  readonly #store = new Map<string, string>();
  readonly #stored = new Set<string>();
  readonly #texts = new Map<string, Subject>();
  readonly #holdings = new Map<string, Holding>();
  #object: Incarnation | null = null;
  #names = 0;
  #orphaned: { ids: Set<string>; since: number } | null = null;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.kernel = new Kernel(this.random.fork(), { keepTrace: false });
    const exactly = "exactly once" as const;
    this.#subjects = [
      { id: "stream", promise: exactly, broker: new SimStream(this, { keyed: true, ackWaitMs: 5_000 }) },
      { id: "session", promise: exactly, broker: new SimSession(this, { window: 5 }) },
      { id: "plain", promise: "at least once", broker: new SimStream(this, { keyed: false, ackWaitMs: 5_000 }) },
    ];
    this.#definitions = this.#subjects.map(({ id }) => ({ id, revision: "r", kind: "nats" as const, paused: false }));
  }

  get #calm(): boolean {
    return this.kernel.elapsed >= CALM_MS;
  }

  async run(): Promise<SubscribedOutcome> {
    const { kernel, random, outcome } = this;
    for (const name of HOSTS) this.#boot(name);
    this.#later(random.ms(3_000, 10_000), () => this.#fault());
    for (const subject of this.#subjects) this.#later(random.ms(100, 5_000), () => this.#publish(subject));
    this.#later(CALM_MS + 20_000, () => this.#lastDeath());
    await kernel.run(LENGTH_MS);
    for (const { id, broker } of this.#subjects) {
      if (broker.left > 0) this.#violate(`${broker.left} messages of ${id} are not acknowledged`);
    }
    this.#judgeActivations();
    if (this.#orphaned !== null) this.#violate(`nobody was given ${[...this.#orphaned.ids]} when its host had died`);
    outcome.activations = this.#store.size;
    return outcome;
  }

  taking(host: Owner): void {
    const { heard, thawed } = host as SimHost;
    const { elapsed } = this.kernel;
    // What waited while it was frozen comes in its order.
    if (elapsed - heard > LEASE_MS && elapsed - thawed > 100) {
      this.#violate(`${host.label} takes messages ${elapsed - heard} ms after it was answered last`);
    }
  }

  acknowledged(text: string): void {
    if (!this.#stored.has(text)) this.#violate(`${text} was acknowledged before it was stored`);
  }

  #judgeActivations(): void {
    const counts = new Map<string, number>();
    for (const text of this.#store.values()) counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const [text, { promise }] of this.#texts) {
      const count = counts.get(text) ?? 0;
      if (count === 0) this.#violate(`${text} was lost`);
      if (count > 1 && promise === "exactly once") this.#violate(`${text} is ${count} activations`);
    }
  }

  #publish(subject: Subject): void {
    const { random } = this;
    for (let left = random.int(1, 8); left > 0; left--) {
      const text = `${subject.id}-${this.outcome.messages++}`;
      this.#texts.set(text, subject);
      subject.broker.publish(text);
    }
    if (this.kernel.elapsed < QUIET_MS) this.#later(random.ms(100, 6_000), () => this.#publish(subject));
  }

  #boot(name: string): void {
    const boot = `${name}-${this.#names++}`;
    const host = { ...{ label: boot, name, boot, alive: true, frozen: false, heard: 0, thawed: 0 } } as SimHost;
    host.last = { number: -1, object: null };
    this.#hosts.set(name, host);
    const before = this.kernel.owner;
    this.kernel.owner = host;
    host.connectors = new Connectors({
      ...{ boot, api: this.#apiOf(host), allowed: null as never, log: SILENT },
      connect: async (dialling) => this.#dial(host, dialling),
    });
    host.connectors.start();
    this.kernel.owner = before;
  }

  async #dial(host: SimHost, dialling: Parameters<SimBroker["connect"]>[1]) {
    const { kernel, random } = this;
    await new Promise<void>((resolve) => void kernel.after(random.ms(1, 50), host, resolve));
    if (!this.#calm && random.chance(0.1)) throw new Error("the broker does not answer");
    const subject = this.#subjects.find(({ id }) => id === dialling.id);
    if (subject === undefined) throw new Error(`nobody made ${dialling.id}`);
    return subject.broker.connect(host, dialling);
  }

  #apiOf(host: SimHost): SubscriptionApi {
    return {
      turn: async (turn) => {
        const began = this.kernel.elapsed;
        const answer = await this.#asked(host, () => this.#turn(host, turn));
        host.heard = began;
        return answer;
      },
      fire: (fires) => this.#asked(host, () => this.#fire(host, fires)),
      close: async () => undefined,
    };
  }

  /** Over a network: what is asked, or its answer, is lost or late. */
  #asked<T>(host: SimHost, work: () => Promise<T>): Promise<T> {
    const { kernel, random } = this;
    const fate = this.#calm ? 1 : random.next();
    const slow = !this.#calm && random.chance(0.08);
    const reply = Promise.withResolvers<T>();
    kernel.after(slow ? random.ms(500, 20_000) : random.ms(0.2, 15), this.#outside, () => {
      if (fate < 0.04) return;
      work().then(
        (answer) => {
          if (fate < 0.08) this.outcome.lostAnswers++;
          else kernel.after(random.ms(0.2, 15), host, () => reply.resolve(structuredClone(answer)));
        },
        (error: unknown) => void kernel.after(random.ms(0.2, 15), host, () => reply.reject(error)),
      );
    });
    kernel.after(PATIENCE_MS, host, () => reply.reject(new Error("no answer in time")));
    return reply.promise;
  }

  async #turn(host: SimHost, turn: HostTurn): Promise<TurnAnswer> {
    const object = this.#live();
    const answer = await object.core.turn(host.name, structuredClone(turn));
    const { elapsed } = this.kernel;
    this.#givenBack(host, turn, object);
    for (const { id, counter } of answer.held) {
      const holding = this.#holdings.get(id);
      if (holding?.host !== host || holding.counter !== counter)
        this.#violate(`${id} is kept by one who has it no more`);
      else holding.heard = elapsed;
    }
    for (const { id, counter } of answer.granted) {
      const before = this.#holdings.get(id);
      if (before !== undefined && before.host.name !== host.name && this.#has(before)) {
        this.#violate(`${id} is given to ${host.label} while ${before.host.label} has it`);
      }
      if (before !== undefined && before.host !== host) this.outcome.moves++;
      this.#holdings.set(id, { host, counter, heard: elapsed });
      this.#adopted(id);
    }
    const settings = { kind: "nats" } as SubscriptionSettings;
    return {
      ...answer,
      granted: answer.granted.map(({ id, counter }) => ({ id, counter, settings, credentials: {} })),
    };
  }

  /** What a host does not speak of it does not have. A question that is late is known as such by the incarnation alone
   * that heard a later one; another takes from the host what it has, which can fire no more. */
  #givenBack(host: SimHost, { number, held }: HostTurn, object: Incarnation): void {
    const { last } = host;
    if (number < last.number && last.object === object) return;
    if (number > last.number) host.last = { number, object };
    const spoken = new Set(held.map(({ id }) => id));
    for (const [id, holding] of this.#holdings) {
      if (holding.host === host && !spoken.has(id)) this.#holdings.delete(id);
    }
  }

  /** It was heard of so lately that it may still use it. */
  #has({ host, heard }: Holding): boolean {
    return host.alive && this.kernel.elapsed - heard < LEASE_MS - 2 * MAX_SKEW_MS;
  }

  /** As the Worker does it: the lease first, then each message by itself, any time later. */
  async #fire(host: SimHost, { fires, ...lease }: HostFires): Promise<FiresAnswer> {
    const { kernel, random } = this;
    const packets = fires.flatMap(({ packet, key, at }) => (packet === undefined ? [] : [{ ...packet, key, at }]));
    const marks = await this.#live().core.admit(host.name, structuredClone({ ...lease, packets }));
    if (marks === null) return { kind: "lost", text: "the lease is not this host's" };
    const holding = this.#holdings.get(lease.id);
    if (holding?.host !== host || holding.counter !== lease.counter) {
      this.#violate(`${host.label} fires for ${lease.id}, which is another's`);
    }
    const outcomes = fires.map(async ({ packet, key, at, payload }) => {
      const known = packet === undefined ? undefined : marks.shift();
      const id = JSON.stringify([lease.id, known?.key ?? key, known?.at ?? at]);
      const fate = this.#calm ? 1 : random.next();
      await new Promise<void>((resolve) => void kernel.after(random.ms(0.5, 40), this.#outside, resolve));
      if (fate < 0.03) return { kind: "again" as const, text: "it did not come through" };
      const { message } = JSON.parse(payload) as { message: string };
      this.#store.set(id, message);
      this.#stored.add(message);
      return fate < 0.06 ? { kind: "again" as const, text: "it is not known" } : { kind: "fired" as const };
    });
    return { kind: "done", outcomes: await Promise.all(outcomes) };
  }

  #fault(): void {
    if (this.#calm) return;
    const { random } = this;
    const host = this.#hosts.get(random.pick(HOSTS));
    const fate = random.next();
    if (fate < 0.3 && host?.alive === true) {
      host.alive = false;
      this.outcome.deaths++;
      this.#later(random.ms(300, 20_000), () => this.#boot(host.name));
    } else if (fate < 0.5 && host?.alive === true && !host.frozen) {
      this.kernel.freeze(host);
      this.outcome.freezes++;
      this.#later(random.ms(500, 25_000), () => {
        host.thawed = this.kernel.elapsed;
        this.kernel.thaw(host);
      });
    } else if (fate < 0.7) random.pick(this.#subjects).broker.cutAll();
    else if (this.#object !== null) {
      // Dead, or there beside the next one, and has not noticed.
      if (random.chance(0.5)) this.#object.alive = false;
      else this.#object.superseded = true;
      this.#object = null;
    }
    this.#later(random.ms(1_000, 12_000), () => this.#fault());
  }

  /** Of one that has something, while all is well. */
  #lastDeath(): void {
    const holding = [...this.#holdings.values()].find(({ host }) => host.alive);
    if (holding === undefined) {
      this.#violate("nobody has a subscription while all is well");
      return;
    }
    const { host } = holding;
    host.alive = false;
    const ids = [...this.#holdings].filter(([, each]) => each.host === host).map(([id]) => id);
    this.#orphaned = { ids: new Set(ids), since: this.kernel.elapsed };
  }

  #adopted(id: string): void {
    const orphaned = this.#orphaned;
    if (orphaned === null || !orphaned.ids.delete(id)) return;
    const took = this.kernel.elapsed - orphaned.since;
    if (took > MOVES_WITHIN_MS) this.#violate(`${id} moved after ${took} ms`);
    if (orphaned.ids.size === 0) this.#orphaned = null;
  }

  /** The object, brought up where it is not there. */
  #live(): Incarnation {
    if (this.#object !== null) return this.#object;
    const skew = this.random.int(-MAX_SKEW_MS, MAX_SKEW_MS);
    const made = { label: "subscriptions", alive: true, skew, superseded: false } as Incarnation;
    this.#object = made;
    const ports = {
      now: () => Math.floor(this.kernel.now + made.skew),
      definitions: async () => structuredClone(this.#definitions),
    };
    made.core = new SubscriptionsCore({ database: this.#databaseOf(made), ports });
    return made;
  }

  #databaseOf(owner: Incarnation): Database {
    const check = <T>(run: () => T): T => {
      if (owner.superseded || !owner.alive) throw new Error("superseded");
      return run();
    };
    const { exec, transactionSync } = this.#sqlite;
    return {
      sql: { exec: (query, ...bindings) => check(() => exec.call(this.#sqlite, query, ...bindings)) as never },
      transaction: (run) => check(() => transactionSync.call(this.#sqlite, run) as ReturnType<typeof run>),
    };
  }

  #violate(text: string): void {
    this.outcome.violations.push(`${Math.round(this.kernel.elapsed)} ms: ${text}`);
  }

  #later(ms: number, run: () => void): void {
    this.kernel.after(ms, this.#outside, run);
  }
}

/** The world of this seed from its beginning to its judgement. */
export async function runSubscribedSeed(seed: number): Promise<SubscribedOutcome> {
  const world = new SubscribedWorld(seed);
  enter(world.kernel);
  try {
    return await world.run();
  } finally {
    enter(null);
  }
}
