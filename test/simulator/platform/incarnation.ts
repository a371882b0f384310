// One life of an object: its instance, its output gate, the calls it has not answered. It ends by a crash, by
// hibernation (sockets stay) or by being superseded while it still runs (two live incarnations).

import type { Kernel, Owner } from "../machine/kernel.ts";
import type { ObjectNode } from "./objects.ts";
import { Storage } from "./storage.ts";
import type { ServerSocket } from "./workers.ts";

export type Instance = Record<string, unknown> & {
  alarm?: () => unknown;
  webSocketMessage?: (socket: ServerSocket, text: string) => unknown;
  webSocketClose?: (socket: ServerSocket, code: number, reason: string, clean: boolean) => unknown;
  webSocketError?: (socket: ServerSocket, error: unknown) => unknown;
};

export class Incarnation implements Owner {
  readonly label: string;
  readonly node: ObjectNode;
  readonly storage: Storage;
  alive = true;
  /** Superseded: its next access to storage is refused. */
  stale = false;
  instance: Instance | null = null;
  /** What must hear that this life ended: callers waiting for an answer. */
  readonly pending = new Set<(cause: Error) => void>();
  /** Handlers that run, timers and calls that wait: while there are any, it does not hibernate. */
  busy = 0;
  #kernel: Kernel;
  #blocks: Promise<unknown> = Promise.resolve();
  #held: (() => void)[] = [];
  #autoResponse: { request: string; response: string } | null = null;

  constructor(node: ObjectNode, kernel: Kernel, number: number) {
    this.node = node;
    this.#kernel = kernel;
    this.label = `${node.label}#${number}`;
    this.storage = new Storage(node.shelf, {
      touch: () => this.#touch(),
      write: () => this.#write(),
      committed: () => this.#committed(),
      rearm: () => node.arm(),
    });
  }

  get skew(): number {
    return this.node.skew;
  }

  /** `ctx` as the class finds it. */
  context(): object {
    const sockets = this.node.sockets;
    return {
      id: { name: this.node.name, toString: () => this.node.name, equals: (other: unknown) => other === this },
      storage: this.storage,
      props: {},
      exports: this.node.exports,
      waitUntil: (promise: Promise<unknown>) => {
        promise.then(undefined, (cause: unknown) => this.#kernel.trace(`${this.label} background: ${String(cause)}`));
      },
      blockConcurrencyWhile: <T>(run: () => Promise<T>): Promise<T> => {
        const result = run();
        this.#blocks = Promise.all([this.#blocks, result]);
        return result;
      },
      abort: (reason?: string) => {
        this.node.crash(reason ?? "aborted");
        throw new Error(reason ?? "aborted");
      },
      acceptWebSocket: (socket: ServerSocket, tags: string[] = []) => {
        socket.tags = tags;
        sockets.add(socket);
        this.node.accepted(socket, this);
      },
      getWebSockets: (tag?: string) =>
        [...sockets].filter(
          (each) => each.readyState <= 1 && this.#mine(each) && (tag === undefined || each.tags.includes(tag)),
        ),
      getTags: (socket: ServerSocket) => socket.tags,
      setWebSocketAutoResponse: (pair: { request: string; response: string } | undefined) => {
        this.node.autoResponse = pair ?? null;
        this.#autoResponse = pair ?? null;
      },
      getWebSocketAutoResponse: () => this.#autoResponse,
      getWebSocketAutoResponseTimestamp: (socket: ServerSocket) => socket.pingedAt,
      setHibernatableWebSocketEventTimeout: () => {},
    };
  }

  ready(): Promise<unknown> {
    return this.#blocks;
  }

  /** Lets `effect` leave the object: now, or with the commit it must not precede. */
  emit(effect: () => void): void {
    if (!this.alive) return;
    if (this.node.shelf.open && this.node.current === this) this.#held.push(effect);
    else effect();
  }

  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const effect of held) effect();
  }

  /** Ends this life; nothing it held back will ever leave. */
  end(cause: Error): void {
    if (!this.alive) return;
    this.alive = false;
    this.#held = [];
    const pending = [...this.pending];
    this.pending.clear();
    for (const tell of pending) tell(cause);
  }

  /** Sockets of a life that still goes on elsewhere are not ours. */
  #mine(socket: ServerSocket): boolean {
    const home = this.node.home.get(socket);
    return home === undefined || home === this || !home.alive;
  }

  #touch(): void {
    if (this.stale || this.node.current !== this) {
      throw Object.assign(new Error("Durable Object storage is no longer accessible: superseded."), { remote: false });
    }
  }

  #write(): void {
    this.#touch();
    this.node.dirty();
  }

  #committed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.node.shelf.open) this.#held.push(resolve);
      else resolve();
    });
  }
}
