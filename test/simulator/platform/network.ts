// Everything between the parties: delays, lost requests and answers, sockets that keep order but may break, and break
// for one end earlier than for the other. `faults` is turned off when a run is to come to rest.

import type { Kernel, Owner } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";
import type { Incarnation } from "./incarnation.ts";
import type { ObjectNode } from "./objects.ts";
import type { ServerSocket } from "./workers.ts";

export interface Weather {
  /** Probability that a call's request, or its answer, is lost. */
  loss: number;
  /** Longest ordinary delay of a message, and probability and length of a long one (ms). */
  delay: number;
  spike: number;
  spikeLength: number;
  /** Longest commit (ms). */
  commit: number;
}

/** The dialler's end of a socket. */
export interface Far {
  owner: Owner;
  message(text: string): void;
  closed(code: number, reason: string): void;
}

class Wire {
  readonly node: ObjectNode;
  far: Far | null = null;
  /** Arrival of the last message in each direction: order is kept. */
  down = 0;
  up = 0;
  cut = false;
  early: (() => void)[] = [];

  constructor(node: ObjectNode) {
    this.node = node;
  }
}

export class Network {
  faults = true;
  weather: Weather;
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #wires = new Map<ServerSocket, Wire>();

  constructor(kernel: Kernel, weather: Weather) {
    this.#kernel = kernel;
    this.#random = kernel.random.fork();
    this.weather = weather;
  }

  delay(): number {
    const { delay, spike, spikeLength } = this.weather;
    if (this.faults && this.#random.chance(spike)) return this.#random.ms(delay, spikeLength);
    return this.#random.ms(0.05, delay);
  }

  /** A call whose request or answer is lost fails after this long. */
  hang(): number {
    return this.#random.chance(0.5) ? this.#random.ms(1, 50) : this.#random.ms(500, 10_000);
  }

  commitDelay(): number {
    return this.#random.ms(0, this.weather.commit);
  }

  alarmDelay(): number {
    return this.#random.ms(0, this.faults ? 50 : 5);
  }

  callFate(): "deliver" | "lose-request" | "lose-reply" {
    if (!this.faults || !this.#random.chance(this.weather.loss)) return "deliver";
    return this.#random.chance(0.5) ? "lose-request" : "lose-reply";
  }

  goesToOld(): boolean {
    return this.faults && this.#random.chance(0.3);
  }

  attach(socket: ServerSocket, node: ObjectNode): void {
    const wire = new Wire(node);
    this.#wires.set(socket, wire);
    socket.deliver = (text) => {
      const life = this.#kernel.owner as Incarnation;
      life.emit(() => this.#down(wire, text));
    };
    socket.shut = (code, reason) => {
      const life = this.#kernel.owner as Incarnation;
      life.emit(() => {
        this.#down(wire, null, { code, reason });
        node.drop(socket);
        wire.cut = true;
      });
    };
  }

  /** The dialler has the socket in hand: what was sent early arrives now. */
  connect(socket: ServerSocket, far: Far): void {
    const wire = this.#wires.get(socket);
    if (wire === undefined) return;
    wire.far = far;
    const early = wire.early;
    wire.early = [];
    for (const send of early) send();
  }

  /** From the dialler. */
  send(socket: ServerSocket, text: string): void {
    const wire = this.#wires.get(socket);
    if (wire === undefined || wire.cut) return;
    this.#up(wire, () => {
      const { node } = wire;
      if (node.autoResponse?.request === text) {
        socket.pingedAt = new Date(Math.floor(this.#kernel.now + node.skew));
        this.#down(wire, node.autoResponse.response);
        return;
      }
      const life = node.lifeOf(socket);
      this.#kernel.trace(`${life.label} <= ${brief(text)}`);
      node
        .enter(life, (instance) => instance.webSocketMessage?.(socket, text))
        .catch((cause: unknown) => this.#kernel.trace(`${life.label} message failed: ${String(cause)}`));
    });
  }

  /** The dialler closes its end, or its process has died. */
  hangUp(socket: ServerSocket, options: { silent: boolean }): void {
    const wire = this.#wires.get(socket);
    if (wire === undefined || wire.cut) return;
    wire.far = null;
    if (options.silent) this.#breakUp(wire, socket, this.#random.ms(0, 20_000));
    else this.#up(wire, () => this.#closeUp(wire, socket));
  }

  /** The connection breaks; each end learns of it in its own time. `slow`: within 20 s. `objectWithin`: the object's
   * end within this time instead (ms). */
  cut(socket: ServerSocket, options: { slow?: boolean; objectWithin?: number } = {}): void {
    const wire = this.#wires.get(socket);
    if (wire === undefined || wire.cut) return;
    this.#down(wire, null, {
      code: 1006,
      reason: "",
      after: options.slow ? this.#random.ms(0, 20_000) : this.#random.ms(0, 5),
    });
    wire.cut = true;
    this.#breakUp(wire, socket, options.slow ? this.#random.ms(0, options.objectWithin ?? 20_000) : 0);
  }

  /** Open sockets, of one dialler or of all. */
  sockets(owner?: Owner): ServerSocket[] {
    const open = [...this.#wires].filter(([, wire]) => !wire.cut && wire.far !== null);
    return open.filter(([, wire]) => owner === undefined || wire.far?.owner === owner).map(([socket]) => socket);
  }

  #breakUp(wire: Wire, socket: ServerSocket, after: number): void {
    wire.cut = true;
    this.#kernel.after(after, null, () => this.#closeUp(wire, socket));
  }

  #closeUp(wire: Wire, socket: ServerSocket): void {
    wire.cut = true;
    const { node } = wire;
    if (!node.sockets.has(socket)) return;
    socket.readyState = 3;
    const life = node.lifeOf(socket);
    node.drop(socket);
    this.#kernel.trace(`${life.label} socket closed`);
    node
      .enter(life, (instance) => instance.webSocketClose?.(socket, 1006, "", false))
      .catch((cause: unknown) => this.#kernel.trace(`${life.label} close failed: ${String(cause)}`));
  }

  #up(wire: Wire, run: () => void): void {
    const now = this.#kernel.now;
    wire.up = Math.max(now + this.delay(), wire.up);
    this.#kernel.after(wire.up - now, null, () => {
      if (!wire.cut) run();
    });
  }

  #down(wire: Wire, text: string | null, close?: { code: number; reason: string; after?: number }): void {
    if (wire.cut) return;
    const far = wire.far;
    if (far === null) {
      wire.early.push(() => this.#down(wire, text, close));
      return;
    }
    const now = this.#kernel.now;
    wire.down = Math.max(now + (close?.after ?? this.delay()), wire.down);
    this.#kernel.after(wire.down - now, far.owner, () => {
      if (text === null) far.closed(close?.code ?? 1000, close?.reason ?? "");
      else if (!wire.cut) {
        this.#kernel.trace(`${far.owner.label} <= ${brief(text)}`);
        far.message(text);
      }
    });
  }
}

function brief(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length})` : text;
}
