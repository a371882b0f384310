// The line to the host: which socket counts, how far the opening has come, whether anybody still pings at the other end,
// and what waits to be sent.

import { type EncodedMessage, encodeMessage, packFrames } from "../../src/protocol/codec.ts";
import { DEAD_AFTER, type HostReport, type SchedulerMessage } from "../../src/protocol/messages.ts";
import type { Connection } from "./ports.ts";

/** ms after the inventory within which kept records are still expected to come again. */
const SETTLE = 3_000;
const MAX_SETTLE_AT = 15_000;
const QUIET = 1_000;

/** "down": no socket; "greeting": the host has not said hello; "welcomed": its inventory is not complete. */
export type LinkPhase = "down" | "greeting" | "welcomed" | "ready";

export class HostLink {
  phase: LinkPhase = "down";
  report: HostReport | undefined;
  #connection: Connection | undefined;
  #boot: string | undefined;
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

  /** Why the process with this boot id may not dial in, or undefined if it may: another one of the same host is there and gives
   * signs of life. A process that dials again replaces its own line. */
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
    this.phase = "greeting";
    if (old === undefined || old === connection) return;
    if (succeeds) old.close(1000, "replaced by a newer connection");
    else old.close(1008, "another process of this host has taken over");
  }

  introduced(report: HostReport): void {
    this.report = report;
    this.#boot = report.boot;
  }

  detach(): void {
    this.#connection = undefined;
    this.#boot = undefined;
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
    return since >= MAX_SETTLE_AT || now - this.#recordAt >= QUIET;
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
