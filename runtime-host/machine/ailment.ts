// Something that does not work although it should: it is tried again by itself, with growing pauses, until it does.

import { reasonOf } from "../program/logger.ts";
import { type Backoff, backoff } from "./backoff.ts";

export interface AilmentOptions {
  /** Must come to `fails` or `works`, now or later. */
  again(): void;
  /** For the log: the first failure, or one for another reason than before; and that it is over. */
  failed(reason: string): void;
  over(): void;
  /** By default 0.2 to 5 s. */
  pause?: Backoff;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5_000;

export class Ailment {
  readonly #options: AilmentOptions;
  readonly #pause: Backoff;
  #reason: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: AilmentOptions) {
    this.#options = options;
    this.#pause = options.pause ?? backoff({ first: FIRST_PAUSE_MS, max: MAX_PAUSE_MS });
  }

  /** Why it does not work, or null. */
  get reason(): string | null {
    return this.#reason;
  }

  fails(error: unknown): void {
    const reason = reasonOf(error);
    if (this.#reason !== reason) this.#options.failed(reason);
    this.#reason = reason;
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#options.again();
    }, this.#pause.next()).unref();
  }

  works(): void {
    this.#pause.reset();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#reason === null) return;
    this.#reason = null;
    this.#options.over();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
