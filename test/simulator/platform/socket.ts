// Stands for the `ws` package on the host's side: dials into the simulated platform and speaks over its network.

import { EventEmitter } from "node:events";
import { current } from "../machine/ambient.ts";
import type { Owner } from "../machine/kernel.ts";
import type { Network } from "./network.ts";
import type { ClientSocket, ServerSocket } from "./workers.ts";

export type Answer = { status: number; webSocket: ClientSocket | null; body: unknown };
type Dial = (url: string, headers: Record<string, string>) => Promise<Answer>;

let exchange: { dial: Dial; network: Network } | null = null;

export function plug(dial: Dial, network: Network): void {
  exchange = { dial, network };
}

export class WebSocket extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "nodebuffer";
  readonly #owner: Owner;
  #server: ServerSocket | null = null;

  constructor(url: string | URL, options: { headers?: Record<string, string>; handshakeTimeout?: number } = {}) {
    super();
    const owner = current().owner;
    if (owner === null || exchange === null) throw new Error("dialled outside of a simulated process");
    this.#owner = owner;
    current().after(options.handshakeTimeout ?? 60_000, owner, () => {
      if (this.readyState === 0) this.#failed(new Error("Opening handshake has timed out"));
    });
    exchange.dial(String(url), options.headers ?? {}).then(
      (answer) => this.#answered(answer),
      (cause: unknown) => this.#failed(cause instanceof Error ? cause : new Error(String(cause))),
    );
  }

  send(data: string, done?: (error?: Error) => void): void {
    if (this.readyState === 0) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
    if (this.readyState === 1 && this.#server !== null) exchange?.network.send(this.#server, data);
    done?.();
  }

  close(): void {
    if (this.readyState === 0) {
      this.terminate();
      return;
    }
    if (this.readyState !== 1 || this.#server === null) return;
    this.readyState = 2;
    exchange?.network.hangUp(this.#server, { silent: false });
    this.#later(() => this.#closed(1000, ""));
  }

  terminate(): void {
    if (this.readyState === 3) return;
    const wasDialling = this.readyState === 0;
    this.readyState = 3;
    if (this.#server !== null) exchange?.network.hangUp(this.#server, { silent: true });
    this.#later(() => {
      if (wasDialling) this.emit("error", new Error("WebSocket was closed before the connection was established"));
      this.emit("close", 1006, Buffer.alloc(0));
    });
  }

  ping(): void {}

  #answered(answer: Answer): void {
    const server = answer.webSocket?.server ?? null;
    if (this.readyState !== 0) {
      if (server !== null) exchange?.network.hangUp(server, { silent: false });
      return;
    }
    if (server === null) {
      const { status: statusCode, body } = answer;
      const read = async function* () {
        yield String(body);
      };
      this.emit("unexpected-response", null, { statusCode, [Symbol.asyncIterator]: read });
      return;
    }
    this.#server = server;
    this.readyState = 1;
    exchange?.network.connect(server, {
      owner: this.#owner,
      message: (text) => {
        if (this.readyState === 1) this.emit("message", Buffer.from(text), false);
      },
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.emit("open");
  }

  #failed(cause: Error): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit("error", cause);
    this.emit("close", 1006, Buffer.alloc(0));
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit("close", code, Buffer.from(reason));
  }

  #later(run: () => void): void {
    current().after(0, this.#owner, run);
  }
}
export { WebSocket as default };
