// The Durable Object platform of a simulated world: names to objects, objects to incarnations, calls over a network
// that delays and loses, hibernatable sockets, alarms at least once, and the output gate.

import type { Kernel, Owner, SimEvent } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";
import { Incarnation, type Instance } from "./incarnation.ts";
import type { Network } from "./network.ts";
import { ObjectStorage } from "./storage.ts";
import type { ClientSocket, ServerSocket } from "./workers.ts";

export type ObjectClass = new (ctx: never, env: never) => object;

export class ObjectNode {
  readonly label: string;
  readonly name: string;
  readonly shelf = new ObjectStorage();
  readonly sockets = new Set<ServerSocket>();
  /** The incarnation that accepted a socket; it hears its messages while it lives. */
  readonly home = new Map<ServerSocket, Incarnation>();
  current: Incarnation | null = null;
  previous: Incarnation | null = null;
  autoResponse: { request: string; response: string } | null = null;
  lives = 0;
  /** ms by which the clock of its machine differs. */
  readonly skew: number;
  /** Until then (ms since the beginning) what it answers reaches nobody, and nobody learns that it does not. */
  mutedUntil = 0;
  #platform: Platform;
  #make: ObjectClass;
  #alarm: SimEvent | null = null;
  #retries = 0;

  constructor(platform: Platform, make: ObjectClass, options: { label: string; name: string; skew: number }) {
    this.#platform = platform;
    this.#make = make;
    this.label = options.label;
    this.name = options.name;
    this.skew = options.skew;
  }

  get exports(): Record<string, unknown> {
    return this.#platform.exports;
  }

  /** The incarnation that gets new events; constructed if there is none. The kernel's owner becomes it. */
  wake(): Incarnation {
    const kernel = this.#platform.kernel;
    if (this.current?.alive) {
      kernel.owner = this.current;
      return this.current;
    }
    const life = new Incarnation(this, kernel, ++this.lives);
    this.current = life;
    kernel.owner = life;
    kernel.trace(`${life.label} constructed`);
    life.instance = new this.#make(life.context() as never, this.#platform.env as never) as Instance;
    return life;
  }

  /** Runs a method or handler on an incarnation once it is ready. */
  enter<T>(life: Incarnation, run: (instance: Instance) => T): Promise<Awaited<T>> {
    life.busy++;
    return (async (): Promise<Awaited<T>> => {
      try {
        await life.ready();
        return await run(life.instance!);
      } finally {
        life.busy--;
      }
    })();
  }

  dirty(): void {
    if (this.shelf.open) return;
    this.shelf.begin();
    const { kernel, network } = this.#platform;
    const life = this.current;
    kernel.after(network.commitDelay(), null, () => {
      if (this.current !== life || !this.shelf.open) return;
      kernel.owner = life;
      this.shelf.commit();
      life?.flush();
    });
  }

  arm(): void {
    const { kernel } = this.#platform;
    if (this.#alarm !== null) kernel.cancel(this.#alarm);
    this.#alarm = null;
    const at = this.shelf.alarm;
    if (at === null) return;
    this.#alarm = kernel.after(at - this.skew - kernel.now + this.#platform.network.alarmDelay(), null, () =>
      this.#ring(),
    );
  }

  /** Soft state and sockets are gone; what was confirmed stays. */
  crash(reason: string): void {
    this.#platform.kernel.trace(`${this.label} crash: ${reason}`);
    this.#stop(new Error("Durable Object was reset: internal error."));
    for (const socket of [...this.sockets]) {
      if (this.home.get(socket)?.alive) continue;
      this.#platform.network.cut(socket);
      this.drop(socket);
    }
  }

  /** Soft state is gone, sockets stay open. Only an idle object does that. */
  hibernate(): boolean {
    const life = this.current;
    if (life === null || !life.alive || life.busy > 0 || life.pending.size > 0 || this.shelf.open) return false;
    this.#platform.kernel.trace(`${this.label} hibernates`);
    this.#stop(new Error("hibernated"));
    return true;
  }

  /** A second incarnation will take the next events while the first lives on for `ms`, without storage. */
  split(ms: number): void {
    const life = this.current;
    if (life === null || !life.alive || this.previous?.alive) return;
    this.#platform.kernel.trace(`${this.label} split for ${ms}`);
    life.stale = true;
    this.shelf.rollback();
    this.previous = life;
    this.current = null;
    this.#platform.kernel.after(ms, null, () => {
      if (this.previous === life) this.end("Durable Object was superseded.");
    });
  }

  /** The superseded life ends now. */
  end(reason: string): void {
    const life = this.previous;
    if (!life?.alive) return;
    for (const [socket, home] of [...this.home]) {
      if (home !== life) continue;
      this.#platform.network.cut(socket);
      this.drop(socket);
    }
    life.end(new Error(reason));
  }

  accepted(socket: ServerSocket, life: Incarnation): void {
    this.home.set(socket, life);
    this.#platform.network.attach(socket, this);
  }

  /** The incarnation a socket's event goes to. */
  lifeOf(socket: ServerSocket): Incarnation {
    const home = this.home.get(socket);
    if (home?.alive) {
      this.#platform.kernel.owner = home;
      return home;
    }
    const life = this.wake();
    this.home.set(socket, life);
    return life;
  }

  drop(socket: ServerSocket): void {
    this.sockets.delete(socket);
    this.home.delete(socket);
  }

  #stop(cause: Error): void {
    this.shelf.rollback();
    this.arm();
    this.current?.end(cause);
    this.current = null;
  }

  #ring(): void {
    const { kernel } = this.#platform;
    const at = this.shelf.alarm;
    if (at === null || at > kernel.now + this.skew + 0.001) return;
    this.shelf.alarm = null;
    const life = this.wake();
    kernel.trace(`${life.label} alarm`);
    const again = (cause: unknown): void => {
      kernel.trace(`${life.label} alarm failed: ${String(cause)}`);
      if (this.#retries++ >= 6 || this.shelf.alarm !== null) return;
      this.shelf.alarm = kernel.now + this.skew + 2_000 * 2 ** this.#retries;
      this.arm();
    };
    const tell = (cause: Error): void => again(cause);
    life.pending.add(tell);
    this.enter(life, (instance) => instance.alarm?.()).then(
      () => {
        life.pending.delete(tell);
        this.#retries = 0;
      },
      (cause: unknown) => {
        life.pending.delete(tell);
        again(cause);
      },
    );
  }
}

export class Platform {
  readonly kernel: Kernel;
  readonly network: Network;
  /** The bindings objects are given; the world fills it in. */
  readonly env: Record<string, unknown> = {};
  /** The Worker's own entrypoints, as objects find them on `ctx.exports`. */
  readonly exports: Record<string, unknown> = {};
  readonly #nodes = new Map<string, ObjectNode>();
  readonly #random: Random;
  readonly #skews: number;

  /** `skews`: the most by which the clocks of machines differ (ms), in either direction. */
  constructor(kernel: Kernel, network: Network, options: { random: Random; skews: number }) {
    this.kernel = kernel;
    this.network = network;
    this.#random = options.random;
    this.#skews = options.skews;
  }

  /** A namespace binding for `make`. */
  bind(kind: string, make: ObjectClass): object {
    const stub = (name: string): object => this.#stub(this.node(kind, make, name));
    return {
      idFromName: (name: string) => ({ name, toString: () => name }),
      get: (id: { name: string }) => stub(id.name),
      getByName: stub,
    };
  }

  node(kind: string, make: ObjectClass, name: string): ObjectNode {
    const key = `${kind} ${name}`;
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = new ObjectNode(this, make, { label: `${kind}(${name})`, name, skew: this.skew() });
      this.#nodes.set(key, node);
    }
    return node;
  }

  /** Of a machine more. */
  skew(): number {
    return this.#skews === 0 ? 0 : this.#random.ms(-this.#skews, this.#skews);
  }

  nodes(): ObjectNode[] {
    return [...this.#nodes.values()];
  }

  close(): void {
    for (const node of this.#nodes.values()) node.shelf.sql.close();
  }

  #stub(node: ObjectNode): object {
    return new Proxy(
      { name: node.name },
      {
        get: (_target, method) => {
          if (method === "then" || typeof method === "symbol") return undefined;
          if (method === "name") return node.name;
          return (...args: unknown[]) => this.call(node, method, args);
        },
      },
    );
  }

  /** A call by whoever runs now. Throws for the caller if request or answer is lost, or the callee dies meanwhile. */
  call(node: ObjectNode, method: string, args: unknown[]): Promise<unknown> {
    const sent = structuredClone(args);
    return this.#request(node, { method, args: sent, copy: (value) => structuredClone(value) });
  }

  /** A call by whoever runs now to a method of the Worker. `enter`: the isolate that takes it;
   * its loss is heard as a broken connection. */
  callWorker<T>(
    enter: () => Owner & { pending: Set<(cause: Error) => void> },
    run: (worker: Owner) => Promise<T>,
  ): Promise<T> {
    const { kernel, network } = this;
    const caller = kernel.owner;
    return new Promise((resolve, reject) => {
      const back = (delay: number, settle: () => void): void => {
        kernel.after(delay, caller, settle);
      };
      const fate = network.callFate();
      const lost = (): void => reject(new Error("Network connection lost."));
      const leave = (send: () => void): void => (caller instanceof Incarnation ? caller.emit(send) : send());
      const arrive = (): void => {
        const worker = enter();
        kernel.owner = worker;
        const broken = (cause: Error): void => back(network.delay(), () => reject(cause));
        worker.pending.add(broken);
        const answer = (settle: () => void): void => {
          if (!worker.pending.delete(broken)) return;
          if (fate === "lose-reply") back(network.hang(), lost);
          else back(network.delay(), settle);
        };
        run(worker).then(
          (value) => answer(() => resolve(structuredClone(value))),
          (cause: unknown) => answer(() => reject(new Error(cause instanceof Error ? cause.message : String(cause)))),
        );
      };
      leave(() => {
        if (fate === "lose-request") back(network.hang(), lost);
        else kernel.after(network.delay(), null, arrive);
      });
    });
  }

  /** Asks an object's fetch handler; the answer carries the client's half of a socket, or a status. */
  dial(node: ObjectNode, request: object): Promise<{ status: number; webSocket: ClientSocket | null; body: unknown }> {
    const copy = (value: unknown): unknown => value;
    return this.#request(node, { method: "fetch", args: [request], copy }) as ReturnType<Platform["dial"]>;
  }

  #request(
    node: ObjectNode,
    what: { method: string; args: unknown[]; copy: (value: unknown) => unknown },
  ): Promise<unknown> {
    const { kernel, network } = this;
    const caller: Owner | null = kernel.owner;
    return new Promise((resolve, reject) => {
      let over = false;
      const back = (delay: number, settle: () => void): void => {
        if (over) return;
        over = true;
        kernel.after(delay, caller, settle);
      };
      const fate = network.callFate();
      const lost = (): void => reject(new Error("Network connection lost."));
      // An object's own calls leave it with its writes, as its replies do.
      const leave = (send: () => void): void => (caller instanceof Incarnation ? caller.emit(send) : send());
      if (fate === "lose-request") {
        leave(() => back(network.hang(), lost));
        return;
      }
      const arrive = (): void => {
        const life = node.previous?.alive && network.goesToOld() ? node.previous : node.wake();
        kernel.owner = life;
        kernel.trace(`${caller?.label ?? "-"} -> ${life.label}.${what.method}`);
        const broken = (cause: Error): void => back(network.delay(), () => reject(cause));
        life.pending.add(broken);
        const answer = (settle: () => void): void =>
          life.emit(() => {
            if (life.pending.delete(broken) && kernel.elapsed >= node.mutedUntil) back(network.delay(), settle);
          });
        node
          .enter(life, (instance) => {
            const target = instance[what.method];
            if (typeof target !== "function") throw new TypeError(`the object has no method ${what.method}`);
            return target.apply(instance, what.args) as unknown;
          })
          .then(
            (value) => {
              const copy = what.copy(value);
              if (fate !== "lose-reply") answer(() => resolve(copy));
              else if (life.pending.delete(broken)) back(network.hang(), lost);
            },
            (cause: unknown) => {
              kernel.trace(`${life.label}.${what.method} threw ${String(cause)}`);
              answer(() => reject(new Error(cause instanceof Error ? cause.message : String(cause))));
            },
          );
      };
      leave(() => kernel.after(network.delay(), null, arrive));
    });
  }
}
