// How long a body is waited for. One that is silent is given up; one that is late counts against its sender, who may have so many
// at a time. What has come whole with its request, as nearly all bodies have, costs a timer that never fires.

export interface Patience {
  now(): number;
  /** Calls `run` once after `ms`, unless cancelled. */
  after(ms: number, run: () => void): () => void;
  unfinished: Unfinished;
  /** Whose late bodies are counted together. */
  sender: string;
}

/** ms without a byte after which a body is given up. */
export const SILENCE = 10_000;
/** ms after which a body that is not whole counts. */
export const LATE = 1_000;
/** Late bodies of one sender, and of all of them, in one isolate. */
export const MAX_OF_ONE = 64;
export const MAX_OF_ALL = 1_024;

/** The body is not waited for any more. */
export class GivenUp extends Error {
  override name = "GivenUp";
  readonly reason: "silent" | "crowded";

  constructor(reason: "silent" | "crowded") {
    super(`a body was given up: ${reason}`);
    this.reason = reason;
  }
}

/** The late bodies of one isolate. */
export class Unfinished {
  readonly #counts = new Map<string, number>();
  #all = 0;

  /** How to take it back, or null if the sender has as many as he may. */
  enter(sender: string): (() => void) | null {
    const count = this.#counts.get(sender) ?? 0;
    if (count >= MAX_OF_ONE || this.#all >= MAX_OF_ALL) return null;
    this.#counts.set(sender, count + 1);
    this.#all++;
    return () => {
      const left = (this.#counts.get(sender) ?? 1) - 1;
      if (left === 0) this.#counts.delete(sender);
      else this.#counts.set(sender, left);
      this.#all--;
    };
  }
}

/** Waits for the pieces of one body. */
class Wait {
  readonly #patience: Patience;
  readonly #givenUp = Promise.withResolvers<never>();
  #cancel: () => void;
  #leave: (() => void) | null = null;
  #heardAt: number;

  constructor(patience: Patience) {
    this.#patience = patience;
    this.#heardAt = patience.now();
    // It may be given up while nobody waits for a piece.
    this.#givenUp.promise.catch(() => undefined);
    this.#cancel = patience.after(LATE, () => this.#late());
  }

  /** Rejects with GivenUp. */
  async for<T>(piece: Promise<T>): Promise<T> {
    piece.catch(() => undefined);
    const heard = await Promise.race([piece, this.#givenUp.promise]);
    this.#heardAt = this.#patience.now();
    return heard;
  }

  end(): void {
    this.#cancel();
    this.#leave?.();
  }

  #late(): void {
    const { unfinished, sender } = this.#patience;
    this.#leave = unfinished.enter(sender);
    if (this.#leave === null) this.#givenUp.reject(new GivenUp("crowded"));
    else this.#watch();
  }

  #watch(): void {
    const left = this.#heardAt + SILENCE - this.#patience.now();
    if (left <= 0) this.#givenUp.reject(new GivenUp("silent"));
    else this.#cancel = this.#patience.after(left, () => this.#watch());
  }
}

/** The same pieces as long as they come. Throws GivenUp; what was still awaited then ends with the request. */
export async function* heard<T>(pieces: AsyncGenerator<T>, patience: Patience): AsyncGenerator<T> {
  const wait = new Wait(patience);
  try {
    for (;;) {
      const { done, value } = await wait.for(pieces.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    wait.end();
    // Not awaited: it waits for the piece that does not come.
    pieces.return(undefined).catch(() => undefined);
  }
}

/** The same for what comes as one. */
export async function heardWhole<T>(whole: Promise<T>, patience: Patience): Promise<T> {
  const wait = new Wait(patience);
  try {
    return await wait.for(whole);
  } finally {
    wait.end();
  }
}
