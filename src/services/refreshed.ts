// A value that changes elsewhere, used for some time after it was asked for. While it is in use it is asked for again
// in the background, so that nobody waits for it.

/** Keeps work alive after the answer has left. */
export type Later = (work: Promise<unknown>) => void;

/** A value older than this part of its life is renewed while it is still good. */
const RENEW_AT = 0.5;

interface Held<T> {
  value: T;
  /** Epoch ms: renewed from, and good until. */
  renew: number;
  until: number;
}

export class Refreshed<T> {
  readonly #fetch: () => Promise<{ value: T; ttlMs: number }>;
  #held: Held<T> | undefined;
  /** Goes up with each `forget`: what was asked for before is not remembered. */
  #generation = 0;

  /** `ttlMs`: how long the value may be used, counted from before it was asked for; 0 = by who asked only. */
  constructor(fetch: () => Promise<{ value: T; ttlMs: number }>) {
    this.#fetch = fetch;
  }

  /** No promise while the value is good. Rejects as `fetch` does, where nothing good is at hand. */
  get(later: Later): T | Promise<T> {
    const held = this.#held;
    const now = Date.now();
    if (held === undefined || now >= held.until) return this.#ask();
    if (now >= held.renew) {
      held.renew = held.until;
      later(this.#ask().catch(() => undefined));
    }
    return held.value;
  }

  /** The value that was last at hand, however old. */
  get last(): T | undefined {
    return this.#held?.value;
  }

  isGood(): boolean {
    return this.#held !== undefined && Date.now() < this.#held.until;
  }

  forget(): void {
    this.#generation++;
    this.#held = undefined;
  }

  async #ask(): Promise<T> {
    const asked = Date.now();
    const generation = this.#generation;
    const { value, ttlMs } = await this.#fetch();
    if (ttlMs > 0 && this.#generation === generation) {
      this.#held = { value, renew: asked + ttlMs * RENEW_AT, until: asked + ttlMs };
    }
    return value;
  }
}
