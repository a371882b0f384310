// One request to a container and what was heard of it: bounded in time and size, never throwing.

import type { Dispatcher } from "undici";
import type { ContainerAnswer } from "../../src/entities/outcome.ts";

export type Heard =
  /** `quiet`: the runtime says that the run printed nothing and that no end markers will come. */
  | { kind: "answer"; answer: ContainerAnswer; quiet: boolean }
  | { kind: "timeout"; connected: boolean }
  /** `started`: part of an answer had come. */
  | { kind: "lost"; started: boolean }
  /** No connection: nothing was sent. */
  | { kind: "refused" };

export interface ExchangeOptions {
  timeoutMs: number;
  maxResponseBytes: number;
  truncationBytes: number;
  /** End markers of a run that prints nothing are not needed. */
  mayBeQuiet?: boolean;
  /** The run's name, where runs may overlap: what it prints comes in this name. */
  run?: string;
  /** Which of its journals the runtime is to write to from now on; absent = as before. */
  journal?: string;
}

/** Bytes of an endless answer that are counted before the connection is cut. */
const MAX_COUNTED_BYTES = 32 * 1024 * 1024;
const QUIET = "x-edgewhisk-quiet";
const RUN = "x-edgewhisk-run";
const JOURNAL = "x-edgewhisk-journal";
const JSON_HEADERS = ["content-type", "application/json"];
const MAY_BE_QUIET = [...JSON_HEADERS, QUIET, "1"];
const EMPTY = Buffer.alloc(0);

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  #resolve: ((heard: Heard) => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #quiet = false;
  /** Content-Length as announced, or 0. */
  #announced = 0;
  #kept: Buffer[] = [];
  #keptSize = 0;
  #size = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  send(dispatcher: Dispatcher, request: { path: string; body?: string | Buffer }): Promise<Heard> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = setTimeout(() => this.#late(), this.#options.timeoutMs);
      const { path, body } = request;
      try {
        if (body === undefined) dispatcher.dispatch({ method: "GET", path }, this);
        else {
          const { mayBeQuiet, run, journal } = this.#options;
          let headers = mayBeQuiet === true ? MAY_BE_QUIET : JSON_HEADERS;
          if (run !== undefined) headers = [...headers, RUN, run];
          if (journal !== undefined) headers = [...headers, JOURNAL, journal];
          dispatcher.dispatch({ method: "POST", path, body, headers }, this);
        }
      } catch {
        // The client was destroyed.
        this.#settle({ kind: "refused" });
      }
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#resolve === null) controller.abort(new Error("too late"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Informational answers come before the real one.
    if (status < 200) return;
    this.#status = status;
    this.#quiet = headers[QUIET] !== undefined;
    this.#announced = Number(headers["content-length"] ?? 0) || 0;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    const { maxResponseBytes, truncationBytes } = this.#options;
    const length = Math.max(this.#announced, this.#size);
    const wanted = length > maxResponseBytes ? truncationBytes : maxResponseBytes;
    if (this.#keptSize < wanted) {
      const piece = this.#keptSize + chunk.length <= wanted ? chunk : chunk.subarray(0, wanted - this.#keptSize);
      this.#kept.push(piece);
      this.#keptSize += piece.length;
    }
    if (length <= maxResponseBytes || this.#keptSize < wanted) return;
    if (this.#announced === 0 && this.#size < maxResponseBytes + MAX_COUNTED_BYTES) return;
    this.#settle(this.#answer(length));
    controller.abort(new Error("answer too long"));
  }

  onResponseEnd(): void {
    this.#settle(this.#answer(this.#size));
  }

  onResponseError(): void {
    if (this.#controller === null) this.#settle({ kind: "refused" });
    else this.#settle({ kind: "lost", started: this.#status > 0 });
  }

  #answer(length: number): Heard {
    const [first] = this.#kept;
    let bytes = this.#kept.length < 2 ? (first ?? EMPTY) : Buffer.concat(this.#kept, this.#keptSize);
    const { maxResponseBytes, truncationBytes } = this.#options;
    const kind = "answer";
    const status = this.#status;
    const quiet = this.#quiet;
    if (length <= maxResponseBytes) return { kind, answer: { status, body: bytes.toString("utf8") }, quiet };
    if (bytes.length > truncationBytes) bytes = bytes.subarray(0, truncationBytes);
    return { kind, answer: { status, body: bytes.toString("utf8"), cut: { length, max: maxResponseBytes } }, quiet };
  }

  #late(): void {
    const controller = this.#controller;
    this.#settle({ kind: "timeout", connected: controller !== null });
    controller?.abort(new Error("timeout"));
  }

  #settle(heard: Heard): void {
    const resolve = this.#resolve;
    if (resolve === null) return;
    this.#resolve = null;
    this.#kept = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    resolve(heard);
  }
}
