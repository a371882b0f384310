// The line to the host: which socket counts, how far the opening has come, whether anybody still pings at the other end,
// and what waits to be sent.

import { type EncodedMessage, encodeMessage, packFrames } from "../../src/protocol/codec.ts";
import { DEAD_AFTER, type HostReport, type SchedulerMessage } from "../../src/protocol/messages.ts";
import type { Connection } from "./ports.ts";

/** ms after the inventory within which kept records are still expected to come again. */
const SETTLE = 3_000;
const SETTLE_AT_MOST = 15_000;
const QUIET = 1_000;

/** "down": no socket; "greeting": the host has not said hello; "welcomed": its inventory is not complete. */
export type LinkPhase = "down" | "greeting" | "welcomed" | "ready";

export class HostLink {
  phase: LinkPhase = "down";
  report: HostReport | undefined;
  #connection: Connection | undefined;
  /** Epoch ms at which the other end last gave a sign, by message or by connecting. */
  #heard = 0;
  #readyAt = 0;
  #recordAt = 0;
  #queue: EncodedMessage[] = [];
  #scheduled = false;

  get connected(): boolean {
    return this.phase !== "down";
  }

  isCurrent(connection: Connection): boolean {
    return this.#connection === connection;
  }

  /** The newest socket wins. */
  attach(connection: Connection, acceptedAt: number): void {
    const old = this.#connection;
    this.#connection = connection;
    this.#heard = acceptedAt;
    this.#queue = [];
    this.phase = "greeting";
    if (old !== undefined && old !== connection) old.close(1000, "replaced by a newer connection");
  }

  detach(): void {
    this.#connection = undefined;
    this.#queue = [];
    this.phase = "down";
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

  ready(now: number): void {
    this.phase = "ready";
    this.#readyAt = now;
    this.#recordAt = now;
  }

  recorded(now: number): void {
    this.#recordAt = now;
  }

  /** Whether what the host did not name by now is unknown to it: inventory and kept records have come. */
  isSettled(now: number): boolean {
    const since = now - this.#readyAt;
    if (this.phase !== "ready" || since < SETTLE) return false;
    return since >= SETTLE_AT_MOST || now - this.#recordAt >= QUIET;
  }

  /** Sends soon: with what else this turn has to say, at the latest when its microtasks run. False if there is no line.
   * Throws RangeError if the message is larger than a frame. */
  post(message: SchedulerMessage): boolean {
    if (this.#connection === undefined) return false;
    this.#queue.push(encodeMessage(message));
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => this.flush());
    }
    return true;
  }

  flush(): void {
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
