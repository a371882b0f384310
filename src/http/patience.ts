// How long a body is waited for. One that is silent or slower than a least pace is given up; one that is late counts
// against its sender, who may have so many at a time. What has come whole with its request, as nearly all bodies have,
// costs a timer that never fires.

import { Places, type TakenPlace } from "./places.ts";

export interface Patience {
  now(): number;
  /** Calls `run` once after `ms`, unless cancelled. */
  after(ms: number, run: () => void): () => void;
  unfinished: Places;
  /** Whose late bodies are counted together. */
  sender: string;
}

/** ms without a byte after which a body is given up. */
export const SILENCE_MS = 10_000;
/** Bytes per second that must come on the whole of the time we wait for them, beyond the first `SILENCE_MS`. */
export const MIN_BYTES_PER_SECOND = 8 * 1024;
/** ms after which a body that is not whole counts. */
export const LATE_MS = 1_000;
/** Late bodies of one sender, and of all of them, in one isolate. */
export const MAX_OF_ONE = 64;
export const MAX_OF_ALL = 1_024;

/** The late bodies of one isolate. */
export function unfinishedBodies(): Places {
  return new Places({ ofOne: MAX_OF_ONE, ofAll: MAX_OF_ALL, lease: 2 * SILENCE_MS });
}

/** The body is not waited for any more. */
export class GivenUp extends Error {
  override name = "GivenUp";
  readonly reason: "silent" | "slow" | "crowded";

  constructor(reason: "silent" | "slow" | "crowded") {
    super(`a body was given up: ${reason}`);
    this.reason = reason;
  }
}

/** Waits for the pieces of one body. */
class Wait {
  readonly #patience: Patience;
  readonly #givenUp = Promise.withResolvers<never>();
  #cancel: () => void;
  #place: TakenPlace | null = null;
  /** Since when a piece is waited for; null: its reader is busy with the last one, which is not the sender's fault. */
  #since: number | null = null;
  /** ms that earlier pieces were waited for. */
  #waited = 0;
  #received = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
    // It may be given up while nobody waits for a piece.
    this.#givenUp.promise.catch(() => undefined);
    this.#cancel = patience.after(LATE_MS, () => this.#late());
  }

  /** Rejects with GivenUp. */
  async for<T>(piece: Promise<T>): Promise<T> {
    piece.catch(() => undefined);
    const began = this.#patience.now();
    this.#since = began;
    const arrived = await Promise.race([piece, this.#givenUp.promise]);
    this.#since = null;
    this.#waited += this.#patience.now() - began;
    return arrived;
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  end(): void {
    this.#cancel();
    this.#place?.leave();
  }

  #late(): void {
    const { unfinished, sender, now } = this.#patience;
    // Called from another request: nothing of this one may be touched there but its promise.
    const giveWay = () => this.#giveUp("crowded");
    this.#place = unfinished.enter(sender, { now: now(), giveWay });
    if (this.#place === null) giveWay();
    else this.#watch();
  }

  #watch(): void {
    const now = this.#patience.now();
    this.#place?.renew(now);
    const since = this.#since;
    // What has come earns time, what was waited for uses it up.
    const earned = SILENCE_MS + (this.#received / MIN_BYTES_PER_SECOND) * 1_000 - this.#waited;
    const left = since === null ? LATE_MS : since + Math.min(SILENCE_MS, earned) - now;
    if (left > 0) this.#cancel = this.#patience.after(Math.ceil(left), () => this.#watch());
    else this.#giveUp(earned < SILENCE_MS - LATE_MS ? "slow" : "silent");
  }

  #giveUp(reason: GivenUp["reason"]): void {
    this.#givenUp.reject(new GivenUp(reason));
  }
}

/** The same pieces as long as they come. Throws GivenUp; what was still awaited then ends with the request. */
export async function* inTime<T extends { byteLength: number }>(
  pieces: AsyncGenerator<T>,
  patience: Patience,
): AsyncGenerator<T> {
  const wait = new Wait(patience);
  try {
    for (;;) {
      const { done, value } = await wait.for(pieces.next());
      if (done === true) return;
      wait.received(value.byteLength);
      yield value;
    }
  } finally {
    wait.end();
    // Not awaited: it waits for the piece that does not come.
    pieces.return(undefined).catch(() => undefined);
  }
}

/** The same for what comes as one. */
export async function wholeInTime<T>(whole: Promise<T>, patience: Patience): Promise<T> {
  const wait = new Wait(patience);
  try {
    return await wait.for(whole);
  } finally {
    wait.end();
  }
}
