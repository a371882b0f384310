// Whose requests are worked on at once. All namespaces share the thread of an isolate, and the database behind it:
// where others are there, the requests of one that read and write what is stored go one after the other, with a rest
// between them as long as the work was, so that what others ask for comes in between. A namespace that is alone waits
// for next to nothing. Calls and fires take no turn. Nobody is woken, since a request may touch nothing of another one:
// who waits looks himself.

export interface QueueLimits {
  /** Of one namespace at a time where others are there, and where nobody else is. */
  readonly width: number;
  readonly alone: number;
  /** Of one namespace that may wait. */
  readonly waiting: number;
  /** ms after which a turn counts as over: whoever takes longer waits for something himself, or has gone without a
   * word. So has who waits and has not looked for as long. */
  readonly life: number;
  /** ms for which somebody else who was seen counts as there. */
  readonly memory: number;
  /** ms of the least and the longest rest. */
  readonly rest: { readonly min: number; readonly max: number };
}

/** One request's place: its turn, or its place in the line before it. */
export interface TakenTurn {
  /** 0: it is its turn. Else ms after which it is worth while to look again. */
  look(now: number): number;
  /** Gives back the turn, or the place in the line. As often as one likes. */
  leave(now: number): void;
}

export interface QueueClock {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

interface Taker {
  /** Epoch ms at which it last looked, or began. */
  at: number;
}

interface Line {
  readonly of: string;
  readonly working: Set<Taker>;
  /** In the order of their coming. */
  readonly waiting: Set<Taker>;
  /** Epoch ms. */
  restUntil: number;
}

/** Namespaces of which something is known; past it those are looked for of which nothing is. */
const MAX_LINES = 1_000;
/** ms between two looks: for each place in the line, and at most. */
const LOOK_MS = 3;
const MAX_LOOK_MS = 250;

export class FairQueue {
  readonly #limits: QueueLimits;
  readonly #lines = new Map<string, Line>();
  /** The one that was seen last, and when another was. */
  #last = "";
  #lastAt = Number.NEGATIVE_INFINITY;
  #otherAt = Number.NEGATIVE_INFINITY;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Somebody of this namespace asks for something, whatever it is. */
  seen(of: string, now: number): void {
    if (of !== this.#last) {
      this.#otherAt = this.#lastAt;
      this.#last = of;
    }
    this.#lastAt = now;
  }

  /** Null: too many of the namespace wait already. */
  enter(of: string, now: number): TakenTurn | null {
    const line = this.#of(of, now);
    this.#expire(line, now);
    if (line.waiting.size >= this.#limits.waiting) return null;
    const taker: Taker = { at: now };
    line.waiting.add(taker);
    return {
      look: (at) => this.#look(line, taker, at),
      leave: (at) => this.#leave(line, taker, at),
    };
  }

  /** Waits until it is its turn. Null: too many of the namespace wait, or it has waited for `maxWaitMs`. */
  async turn(of: string, { now, sleep, maxWaitMs }: QueueClock & { maxWaitMs: number }): Promise<TakenTurn | null> {
    const since = now();
    const turn = this.enter(of, since);
    if (turn === null) return null;
    for (let at = since; at < since + maxWaitMs; at = now()) {
      const ms = turn.look(at);
      if (ms === 0) return turn;
      await sleep(ms);
    }
    turn.leave(now());
    return null;
  }

  #of(namespace: string, now: number): Line {
    let line = this.#lines.get(namespace);
    if (line === undefined) {
      if (this.#lines.size >= MAX_LINES) this.#dropEmpty(now);
      line = { of: namespace, working: new Set(), waiting: new Set(), restUntil: 0 };
      this.#lines.set(namespace, line);
    }
    return line;
  }

  #dropEmpty(now: number): void {
    for (const [of, line] of this.#lines) {
      this.#expire(line, now);
      if (line.working.size === 0 && line.waiting.size === 0) this.#lines.delete(of);
    }
  }

  /** Whether somebody else is there. */
  #isShared({ of }: Line, now: number): boolean {
    return now < (of === this.#last ? this.#otherAt : this.#lastAt) + this.#limits.memory;
  }

  #look(line: Line, taker: Taker, now: number): number {
    if (line.working.has(taker)) return 0;
    this.#expire(line, now);
    taker.at = now;
    // One that was given up for lost is back, as the last.
    line.waiting.add(taker);
    const isShared = this.#isShared(line, now);
    const free = (isShared ? this.#limits.width : this.#limits.alone) - line.working.size;
    const rest = isShared ? Math.max(0, line.restUntil - now) : 0;
    const before = placeOf(taker, line.waiting);
    if (before < free && rest === 0) {
      line.waiting.delete(taker);
      line.working.add(taker);
      return 0;
    }
    return Math.min(MAX_LOOK_MS, rest + LOOK_MS * (1 + before));
  }

  #leave(line: Line, taker: Taker, now: number): void {
    line.waiting.delete(taker);
    if (line.working.delete(taker)) {
      const { min, max } = this.#limits.rest;
      line.restUntil = now + Math.min(max, Math.max(min, now - taker.at));
    }
  }

  #expire(line: Line, now: number): void {
    for (const takers of [line.working, line.waiting]) {
      for (const taker of takers) if (taker.at + this.#limits.life <= now) takers.delete(taker);
    }
  }
}

/** How many are before it. */
function placeOf(taker: Taker, waiting: ReadonlySet<Taker>): number {
  let before = 0;
  for (const each of waiting) {
    if (each === taker) return before;
    before++;
  }
  return before;
}
