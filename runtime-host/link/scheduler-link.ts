// One socket to one scheduler shard: dials, keeps it alive, dials again. What is sent in one turn of the event loop
// travels in one frame. The link knows the treaty's outside (frames, pings, limits);
// what messages mean is the run controller's business.

import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { decodeSchedulerFrame, type EncodedMessage, encodeMessage, packFrames } from "../../src/protocol/codec.ts";
import {
  DEAD_AFTER,
  type HostMessage,
  type HostReport,
  MAX_FRAME,
  PING,
  PING_EVERY,
  PONG,
  type SchedulerMessage,
} from "../../src/protocol/messages.ts";
import { type Backoff, backoff } from "../machine/backoff.ts";
import { type Clock, machineClock } from "../program/clock.ts";
import type { Logger } from "../program/logger.ts";
import { whyNoAnswer } from "../program/origin.ts";

export interface LinkOptions {
  /** Origin of the platform. */
  url: string;
  token: string;
  shard: number;
  /** Names this process: a scheduler lets one process of a host in at a time. */
  boot: string;
  /** Come in in the place of another process of this host. Said once:
   * whoever is replaced must not come back that way. */
  takeOver?: boolean;
  /** What `hello` says, asked at each connection. */
  report: () => HostReport;
  received: (link: SchedulerLink, messages: SchedulerMessage[]) => void;
  /** The socket is gone; what was sent on it may be lost. */
  lost: (link: SchedulerLink) => void;
  /** The platform does not want this process: the link stays closed. `reason` is for the person who started it. */
  refused?: (reason: string) => void;
  log: Logger;
  timing?: Partial<LinkTiming>;
  clock?: Clock;
}

export interface LinkTiming {
  pingEveryMs: number;
  deadAfterMs: number;
  handshakeMs: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** A connection that lived this long has earned a fast redial. */
  steadyMs: number;
  /** For so long another process of this host may be one that has died and is not known to be dead. */
  occupiedMs: number;
}

const TIMING: LinkTiming = {
  pingEveryMs: PING_EVERY,
  deadAfterMs: DEAD_AFTER,
  handshakeMs: 5_000,
  firstPauseMs: 50,
  longestPauseMs: 5_000,
  steadyMs: 10_000,
  occupiedMs: DEAD_AFTER + 3_000,
};

/** Bytes the network has not taken, above which the rest waits here; and bytes that may wait. */
const HIGH_WATER_BYTES = 1024 * 1024;
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** So often in a row a token that was never good is tried. */
const MAX_TOKEN_TRIES = 3;
/** Of what a refusal says, so much is read. */
const MAX_REASON_CHARACTERS = 4_096;

export class SchedulerLink {
  readonly shard: number;
  readonly #options: LinkOptions;
  readonly #timing: LinkTiming;
  readonly #clock: Clock;
  readonly #pause: Backoff;
  #socket: WebSocket | null = null;
  #open = false;
  #openedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #cancelPing: (() => void) | null = null;
  #cancelRedial: (() => void) | null = null;
  #closed = false;
  #takeOver: boolean;
  #everOpen = false;
  /** Dials in a row that were answered 401 or 403. */
  #refusals = 0;
  /** When (ms) another process of this host was first in the way, while it is. */
  #occupiedSince: number | null = null;
  #queue: EncodedMessage[] = [];
  /** Bytes in it. */
  #queued = 0;
  /** More waited than may: the connection ends, and the opening of the next one says everything that matters again. */
  #congested = false;
  #flushing: NodeJS.Immediate | null = null;

  constructor(options: LinkOptions) {
    this.shard = options.shard;
    this.#options = options;
    this.#takeOver = options.takeOver === true;
    this.#timing = { ...TIMING, ...options.timing };
    this.#clock = options.clock ?? machineClock;
    this.#pause = backoff({ first: this.#timing.firstPauseMs, max: this.#timing.longestPauseMs });
  }

  /** True between the opening of a socket and its loss. */
  get open(): boolean {
    return this.#open;
  }

  start(): void {
    if (this.#socket === null && !this.#closed) this.#dial();
  }

  /** Sent with everything else of this turn; dropped if there is no connection, since the opening of the next one says
   * everything that matters again. */
  send(message: HostMessage): void {
    this.sendEncoded(encodeMessage(message));
  }

  sendEncoded(message: EncodedMessage): void {
    if (!this.#open || this.#congested) return;
    if (this.#queued + message.bytes > MAX_QUEUED_BYTES) {
      this.#congested = true;
      this.#options.log.warn("link.congested", { shard: this.shard, queued: this.#queued });
      this.#socket?.terminate();
      return;
    }
    this.#queue.push(message);
    this.#queued += message.bytes;
    this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Sends what waits without waiting for the end of the turn. */
  flush(): void {
    if (this.#flushing !== null) clearImmediate(this.#flushing);
    this.#flushing = null;
    const socket = this.#socket;
    if (this.#queue.length === 0 || socket === null) return;
    // What the network has not taken is told of by the last frame that went: until then more would only lie here twice.
    if (socket.bufferedAmount > HIGH_WATER_BYTES) return;
    const frames = packFrames(this.#queue);
    this.#queue = [];
    this.#queued = 0;
    for (const frame of frames) socket.send(frame, () => this.#taken(socket));
  }

  #taken(socket: WebSocket): void {
    if (this.#socket === socket && this.#queue.length > 0) this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Ends this connection and makes a new one, e.g. because what `hello` said has changed. */
  redial(reason: string): void {
    this.flush();
    this.#socket?.close(1000, reason);
  }

  /** Sends what waits and stays closed. Resolves when the socket is gone, at the latest after a second. */
  close(): Promise<void> {
    this.flush();
    this.#closed = true;
    this.#cancelRedial?.();
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(1_000, () => socket.terminate());
      socket.once("close", () => {
        cancel();
        resolve();
      });
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(1000, "host is leaving");
    });
  }

  #dial(): void {
    const { url, token, shard, boot } = this.#options;
    const asked = new URLSearchParams({ shard: String(shard), boot, ...(this.#takeOver ? { takeover: "1" } : {}) });
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/host/v1/connect?${asked}`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      maxPayload: MAX_FRAME,
      followRedirects: false,
    });
    this.#socket = socket;
    let reason = "closed";
    let unwanted: string | null = null;
    let endedHere = false;
    const { handshakeMs } = this.#timing;
    const cancelHandshake = this.#clock.after(handshakeMs, () => {
      reason = `no answer within ${handshakeMs} ms`;
      socket.terminate();
    });
    socket.on("open", () => {
      cancelHandshake();
      this.#opened(socket);
    });
    socket.on("message", (data, isBinary) => {
      const problem = this.#message(isBinary ? null : data.toString());
      if (problem === null) return;
      this.#options.log.error("link.bad-frame", { shard, reason: problem });
      endedHere = true;
      socket.close(1008, problem.slice(0, 100));
    });
    socket.on("unexpected-response", (_request, response) => {
      void saidBy(response).then((said) => {
        reason = `the platform answered ${response.statusCode}${said === "" ? "" : `: ${said}`}`;
        unwanted = this.#unwanted(response.statusCode ?? 0, said);
        socket.terminate();
      });
    });
    socket.on("error", (error) => {
      if (reason === "closed") reason = whyNoAnswer(url, error);
    });
    socket.on("close", (code, text) => {
      cancelHandshake();
      if (reason === "closed")
        reason = `closed with ${code}${text.length === 0 ? "" : ` ${text.toString().slice(0, 100)}`}`;
      if (code === 1008 && !endedHere) unwanted = `The platform has cut the line: ${text.toString().slice(0, 200)}.`;
      this.#gone(socket, { reason, unwanted });
    });
  }

  /** What to tell the person who started this process if it is of no use to dial again, else null. */
  #unwanted(status: number, said: string): string | null {
    this.#refusals = status === 401 || status === 403 ? this.#refusals + 1 : 0;
    const now = this.#clock.now();
    this.#occupiedSince = status === 409 ? (this.#occupiedSince ?? now) : null;
    if (this.#occupiedSince !== null && now - this.#occupiedSince >= this.#timing.occupiedMs) {
      return `The platform does not let this process in: ${said}. Stop that one, or start this one with --take-over.`;
    }
    // One that was good before may be so again: a platform that comes up may not know its hosts yet.
    if (this.#everOpen || this.#refusals < MAX_TOKEN_TRIES) return null;
    if (status === 403 && said !== "") return `The platform does not let this host in: ${said}`;
    return `The platform does not accept this host's token (${status}): it was revoked, replaced, or is another platform's.`;
  }

  #opened(socket: WebSocket): void {
    if (this.#closed) {
      socket.close();
      return;
    }
    this.#open = this.#everOpen = true;
    this.#takeOver = false;
    this.#refusals = 0;
    this.#occupiedSince = null;
    this.#openedAt = this.#heardAt = this.#pingedAt = this.#clock.now();
    this.#options.log.info("link.open", { shard: this.shard });
    this.#pingLater();
    socket.send(PING);
    this.send({ t: "hello", report: this.#options.report() });
    this.flush();
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(this.#timing.pingEveryMs, () => this.#ping());
  }

  /** A peer that was stopped, or whose machine lost power, leaves the socket "up": only silence tells. */
  #ping(): void {
    this.#pingLater();
    const now = this.#clock.now();
    const slept = now - this.#pingedAt > 2 * this.#timing.pingEveryMs;
    this.#pingedAt = now;
    const silence = now - this.#heardAt;
    // Who has had no processor has heard nothing either: what came meanwhile is read after this.
    if (silence > this.#timing.deadAfterMs && !slept) {
      this.#options.log.warn("link.silent", { shard: this.shard, silence: Math.round(silence) });
      this.#socket?.terminate();
      return;
    }
    this.#socket?.send(PING);
  }

  /** Returns what is wrong with the frame, or null. */
  #message(text: string | null): string | null {
    this.#heardAt = this.#clock.now();
    if (text === PONG) return null;
    const decoded = decodeSchedulerFrame(text);
    if (!decoded.ok) return decoded.reason;
    this.#options.received(this, decoded.messages);
    return null;
  }

  #gone(socket: WebSocket, { reason, unwanted }: { reason: string; unwanted: string | null }): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#cancelPing?.();
    this.#cancelPing = null;
    this.#queue = [];
    this.#queued = 0;
    this.#congested = false;
    const wasOpen = this.#open;
    this.#open = false;
    if (wasOpen) this.#options.lost(this);
    if (this.#closed) return;
    if (unwanted !== null && this.#options.refused !== undefined) {
      this.#closed = true;
      this.#options.refused(unwanted);
      return;
    }
    if (wasOpen && this.#clock.now() - this.#openedAt > this.#timing.steadyMs) this.#pause.reset();
    const pause = this.#pause.next();
    this.#options.log.warn("link.down", { shard: this.shard, reason, redialIn: Math.round(pause) });
    this.#cancelRedial = this.#clock.after(pause, () => this.#dial());
  }
}

/** What the platform says for itself: the `error` of its JSON, or nothing. */
async function saidBy(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MAX_REASON_CHARACTERS) return "";
    }
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error.slice(0, 300).replace(/\.$/, "") : "";
  } catch {
    return "";
  }
}
