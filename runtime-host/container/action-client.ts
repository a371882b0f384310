// POST /init and /run of one container, over its own keep-alive connections. What may be tried again is decided here,
// and nothing is that could have been taken: a run starts at most once.

import { Client, Pool } from "undici";
import { Exchange, type Heard } from "./exchange.ts";

export type ContainerAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

export type Reply =
  | Extract<Heard, { kind: "answer" }>
  /** The deadline passed. `connected`: something had been sent. */
  | { kind: "timeout"; connected: boolean }
  /** The connection broke after something was sent: it may have been taken. */
  | { kind: "lost" }
  /** Nothing was taken, and nothing will be: the container has ended, or does not listen any more. */
  | { kind: "unreachable" };

export interface PostOptions {
  /** ms, connecting included. */
  timeoutMs: number;
  maxResponseBytes: number;
  /** Bytes kept of an answer longer than `maxResponseBytes`. */
  truncationBytes: number;
  /** Go on connecting until the deadline (a container that is starting), or take a refusal as its end. */
  patient: boolean;
  /** See Exchange. */
  mayBeQuiet?: boolean;
  run?: string;
  journal?: string;
}

const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_RETRY_MS = 4;
/** Upstream's step. */
const MAX_RETRY_MS = 50;
/** Only a connection that was idle this long (ms) can have been closed by its server as idle. */
const IDLE_CLOSE_MS = 500;

export class ActionClient {
  /** True once the container has ended: what cannot connect then will never. */
  ended = false;
  /** Calls under way. */
  #calls = 0;
  #dispatcher: Client | Pool;
  readonly #origin: string;
  readonly #settings: Client.Options;
  /** performance.now() of the last answer; 0 = no connection yet. */
  #lastAnswer = 0;

  constructor(address: ContainerAddress) {
    const socketPath = "socketPath" in address ? address.socketPath : undefined;
    this.#origin = "host" in address ? `http://${address.host}:${address.port}` : "http://action";
    this.#settings = {
      // One deadline per call, ours; undici's own timers are off.
      headersTimeout: 0,
      bodyTimeout: 0,
      // A server that says for how long it keeps connections is believed (undici leaves a second before).
      keepAliveTimeout: 600_000,
      keepAliveTimeoutThreshold: 1_000,
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(socketPath === undefined ? {} : { socketPath }) },
    };
    this.#dispatcher = new Client(this.#origin, this.#settings);
  }

  get busy(): boolean {
    return this.#calls > 0;
  }

  /** From now on so many calls may overlap. Not to be called during a call. */
  widen(connections: number): void {
    const narrow = this.#dispatcher;
    this.#dispatcher = new Pool(this.#origin, { ...this.#settings, connections });
    narrow.destroy().catch(() => undefined);
  }

  async post(path: "/init" | "/run", body: string | Buffer, options: PostOptions): Promise<Reply> {
    this.#calls++;
    const reply = await this.#post(path, body, options);
    this.#calls--;
    return reply;
  }

  /** GET /hello: also proves that the server listens. Null if it does not say hello, or not in time. */
  async hello(timeout: number): Promise<{ listening: boolean; text: string | null }> {
    const deadline = performance.now() + timeout;
    let pause = FIRST_RETRY_MS;
    for (;;) {
      const left = deadline - performance.now();
      if (left <= 0 || this.ended) return { listening: false, text: null };
      const exchange = new Exchange({ timeoutMs: left, maxResponseBytes: 16_384, truncationBytes: 0 });
      const heard = await exchange.send(this.#dispatcher, { path: "/hello" });
      if (heard.kind === "answer") {
        const { status, body, cut } = heard.answer;
        return { listening: true, text: status === 200 && cut === undefined ? body : null };
      }
      if (heard.kind === "lost") return { listening: !this.ended, text: null };
      if (heard.kind === "timeout") return { listening: heard.connected, text: null };
      await sleep(pause);
      pause = Math.min(pause * 2, MAX_RETRY_MS);
    }
  }

  /** Ends whatever is under way as lost. */
  destroy(): void {
    this.ended = true;
    this.#dispatcher.destroy().catch(() => undefined);
  }

  async #post(path: "/init" | "/run", body: string | Buffer, options: PostOptions): Promise<Reply> {
    const deadline = performance.now() + options.timeoutMs;
    const reused = this.#lastAnswer > 0 && performance.now() - this.#lastAnswer > IDLE_CLOSE_MS;
    let again = reused;
    let pause = FIRST_RETRY_MS;
    for (;;) {
      const left = deadline - performance.now();
      if (left <= 0) return { kind: "timeout", connected: false };
      const heard = await new Exchange({ ...options, timeoutMs: left }).send(this.#dispatcher, { path, body });
      switch (heard.kind) {
        case "answer":
          this.#lastAnswer = performance.now();
          return heard;
        case "timeout":
          return heard;
        case "lost":
          // An idle close that crossed this request took nothing of it. An action that ended its server looks the same,
          // but then a new connection, tried at once and once, is refused.
          if (!again || heard.started || this.ended) return { kind: "lost" };
          again = false;
          this.#lastAnswer = 0;
          break;
        case "refused":
          if (reused && !again) return { kind: "lost" };
          if (this.ended || !options.patient) return { kind: "unreachable" };
          await sleep(Math.min(pause, Math.max(1, left)));
          pause = Math.min(pause * 2, MAX_RETRY_MS);
      }
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
