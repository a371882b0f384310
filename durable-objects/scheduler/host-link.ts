// The line to the host. It owns the socket that counts, the time of the last sign of life, and what waits to be sent.

import { type EncodedMessage, encodeMessage, packFrames } from "../../src/protocol/codec.ts";
import { DEAD_AFTER, type SchedulerMessage } from "../../src/protocol/messages.ts";
import type { Connection } from "./ports.ts";

export class HostLink {
  #connection: Connection | undefined;
  #boot: string | undefined;
  /** Epoch ms at which the other end last gave a sign, by message or by connecting. */
  #heard = 0;
  #queue: EncodedMessage[] = [];
  #scheduled = false;

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  isCurrent(connection: Connection): boolean {
    return this.#connection === connection;
  }

  /** Why the process with this boot id may not dial in, or undefined if it may: another one of the same host is there
   * and gives signs of life. A process that dials again replaces its own line. */
  occupied(boot: string, now: number): string | undefined {
    if (this.#connection === undefined || this.#boot === undefined || this.#boot === boot) return undefined;
    if (this.isSilent(now)) return undefined;
    const age = Math.max(0, Math.round((now - this.lastSign()) / 1000));
    return `another process of this host is connected and gave a sign of life ${age} s ago`;
  }

  /** The newest socket wins. `boot`: of the process at its other end, where it has named it. */
  attach(connection: Connection, options: { acceptedAt: number; boot?: string }): void {
    const old = this.#connection;
    const succeeds = this.#boot === undefined || this.#boot === options.boot;
    this.#connection = connection;
    this.#boot = options.boot;
    this.#heard = options.acceptedAt;
    this.#queue = [];
    if (old === undefined || old === connection) return;
    if (succeeds) old.close(1000, "replaced by a newer connection");
    else old.close(1008, "another process of this host has taken over");
  }

  /** The process at the other end has named its boot. */
  introduced(boot: string): void {
    this.#boot = boot;
  }

  detach(): void {
    this.#connection = undefined;
    this.#boot = undefined;
    this.#queue = [];
  }

  close(code: number, reason: string): void {
    const connection = this.#connection;
    this.detach();
    connection?.close(code, reason.slice(0, 120));
  }

  heard(now: number): void {
    this.#heard = now;
  }

  /** Epoch ms of the last sign of life. */
  lastSign(): number {
    if (this.#connection !== undefined) this.#heard = Math.max(this.#heard, this.#connection.pinged());
    return this.#heard;
  }

  /** Asks for the time of the last ping only where messages do not tell enough. */
  isSilent(now: number): boolean {
    return now - this.#heard > DEAD_AFTER && now - this.lastSign() > DEAD_AFTER;
  }

  /** Sends soon: with what else this turn has to say, at the latest when its microtasks run. Dropped if there is no
   * line. Throws RangeError if the message is larger than a frame. */
  post(message: SchedulerMessage): void {
    if (this.#connection === undefined) return;
    this.#queue.push(encodeMessage(message));
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => this.#flush());
    }
  }

  #flush(): void {
    this.#scheduled = false;
    const connection = this.#connection;
    if (connection === undefined || this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    try {
      for (const frame of packFrames(queue)) connection.send(frame);
    } catch {
      // The socket is closing; its close event is on the way, and what was in these frames is sent again after it.
    }
  }
}
