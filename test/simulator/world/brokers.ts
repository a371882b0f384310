// Brokers of a simulated world: what each has sent and not heard of is sent again, and what was acknowledged is
// forgotten. Who looks at them is asked at each acknowledgement.

import type { BrokerConnection, Dialling } from "../../../runtime-host/connectors/connection.ts";
import type { Message } from "../../../runtime-host/connectors/message.ts";
import type { SubscriptionSettings } from "../../../src/entities/subscription.ts";
import { crypto } from "../machine/ambient.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";

export interface BrokerWorld {
  readonly kernel: Kernel;
  readonly random: Random;
  /** A host takes a message. */
  taking(host: Owner): void;
  /** The broker is told that it may forget this message. */
  acknowledged(text: string): void;
}

type Sent = Pick<Message, "key" | "at" | "again" | "packet" | "done">;

/** A connection as the broker has it. */
class Line implements BrokerConnection {
  readonly ended: Promise<string>;
  open = true;
  readonly #world: BrokerWorld;
  readonly #end = Promise.withResolvers<string>();
  readonly host: Owner;
  readonly #receiver: Dialling<SubscriptionSettings>["receiver"];

  constructor(world: BrokerWorld, host: Owner, receiver: Dialling<SubscriptionSettings>["receiver"]) {
    this.#world = world;
    this.host = host;
    this.#receiver = receiver;
    this.ended = this.#end.promise;
  }

  get live(): boolean {
    return this.open && this.host.alive;
  }

  /** Brings a message to the host, unless the line ends before. */
  send(text: string, sent: Sent): void {
    this.toHost(() => {
      this.#world.taking(this.host);
      this.#receiver.take({ ...sent, fleeting: false, payload: JSON.stringify({ message: text }) });
    });
  }

  release(number: number, done: () => void): void {
    this.toHost(() => this.#receiver.release(number, done));
  }

  toHost(run: () => void): void {
    const { kernel, random } = this.#world;
    kernel.after(random.ms(0.1, 5), this.host, () => {
      if (this.open) run();
    });
  }

  /** What the host says, unless the line ends before. */
  toBroker(run: () => void): void {
    const { kernel, random } = this.#world;
    kernel.after(random.ms(0.1, 5), null, () => {
      if (this.open) run();
    });
  }

  cut(reason: string): void {
    this.open = false;
    this.#world.kernel.after(0, this.host, () => this.#end.resolve(reason));
  }

  resume(): void {}

  async lag(): Promise<number | null> {
    return null;
  }

  async close(): Promise<void> {
    this.open = false;
    this.#end.resolve("it was closed");
  }
}

export interface SimBroker {
  publish(text: string): void;
  connect(host: Owner, dialling: Dialling<SubscriptionSettings>): Line;
  /** Messages that nobody has acknowledged. */
  readonly left: number;
  cutAll(): void;
}

/** As a stream with a durable consumer: any number of connections, and what is not acknowledged in time goes to one of
 * them again. `keyed`: each message is known by its number, else by nothing. */
export class SimStream implements SimBroker {
  readonly #world: BrokerWorld;
  readonly #keyed: boolean;
  readonly #ackWaitMs: number;
  readonly #messages = new Map<number, { text: string; at: number; due: number; times: number }>();
  #lines: Line[] = [];
  #numbers = 0;

  constructor(world: BrokerWorld, { keyed, ackWaitMs }: { keyed: boolean; ackWaitMs: number }) {
    this.#world = world;
    this.#keyed = keyed;
    this.#ackWaitMs = ackWaitMs;
    this.#look();
  }

  get left(): number {
    return this.#messages.size;
  }

  publish(text: string): void {
    const { kernel } = this.#world;
    this.#messages.set(++this.#numbers, { text, at: Math.floor(kernel.now), due: 0, times: 0 });
    this.#deliver();
  }

  connect(host: Owner, { receiver }: Dialling<SubscriptionSettings>): Line {
    const line = new Line(this.#world, host, receiver);
    this.#lines.push(line);
    this.#world.kernel.after(1, null, () => this.#deliver());
    return line;
  }

  cutAll(): void {
    for (const line of this.#lines) line.cut("the broker has ended the connection");
  }

  #look(): void {
    this.#world.kernel.after(1_000, null, () => {
      this.#deliver();
      this.#look();
    });
  }

  #deliver(): void {
    const { kernel, random } = this.#world;
    this.#lines = this.#lines.filter((line) => line.live);
    if (this.#lines.length === 0) return;
    for (const [number, message] of this.#messages) {
      if (message.due > kernel.now) continue;
      message.due = kernel.now + this.#ackWaitMs;
      const line = random.pick(this.#lines);
      line.send(message.text, {
        key: this.#keyed ? `stream:${number}` : crypto.randomUUID(),
        ...{ at: message.at, again: message.times++ > 0 },
        done: () => line.toBroker(() => this.#forget(number)),
      });
    }
  }

  #forget(number: number): void {
    const message = this.#messages.get(number);
    if (message === undefined) return;
    this.#world.acknowledged(message.text);
    this.#messages.delete(number);
  }
}

/** As MQTT's QoS 2: one connection, which a new one takes over; a message is known by the number of its packet alone,
 * and the lowest number that is free is used for the next. */
export class SimSession implements SimBroker {
  readonly #world: BrokerWorld;
  readonly #window: number;
  readonly #flying = new Map<number, { text: string; released: boolean }>();
  readonly #waiting: string[] = [];
  #line: Line | null = null;

  constructor(world: BrokerWorld, { window }: { window: number }) {
    this.#world = world;
    this.#window = window;
  }

  get left(): number {
    return this.#flying.size + this.#waiting.length;
  }

  publish(text: string): void {
    this.#waiting.push(text);
    this.#next();
  }

  connect(host: Owner, { receiver }: Dialling<SubscriptionSettings>): Line {
    this.#line?.cut("another has taken the session over");
    const line = new Line(this.#world, host, receiver);
    this.#line = line;
    this.#world.kernel.after(1, null, () => {
      if (this.#line !== line) return;
      for (const [number, { released }] of this.#flying) {
        if (released) this.#release(line, number);
        else this.#send(line, number, true);
      }
      this.#next();
    });
    return line;
  }

  cutAll(): void {
    this.#line?.cut("the broker has ended the connection");
    this.#line = null;
  }

  #next(): void {
    const line = this.#line;
    if (line === null || !line.live) return;
    for (let number = 1; number <= this.#window && this.#waiting.length > 0; number++) {
      if (this.#flying.has(number)) continue;
      this.#flying.set(number, { text: this.#waiting.shift() ?? "", released: false });
      this.#send(line, number, false);
    }
  }

  #send(line: Line, number: number, again: boolean): void {
    const text = this.#flying.get(number)?.text ?? "";
    line.send(text, {
      ...{ key: crypto.randomUUID(), at: Math.floor(this.#world.kernel.clock), again },
      packet: { number, again, digest: text },
      done: () => line.toBroker(() => this.#received(line, number)),
    });
  }

  #received(line: Line, number: number): void {
    const packet = this.#flying.get(number);
    if (packet === undefined || packet.released) return;
    this.#world.acknowledged(packet.text);
    packet.released = true;
    this.#release(line, number);
  }

  #release(line: Line, number: number): void {
    line.release(number, () =>
      line.toBroker(() => {
        this.#flying.delete(number);
        this.#next();
      }),
    );
  }
}
