// How many refused acts of a key get a line: the first of each minute, and of the rest a count. Pure.

import type { Author } from "../../entities/audit.ts";

/** Lines of refused acts, of one key in one minute. */
export const MAX_REFUSED = 60;
const MINUTE_MS = 60_000;
/** Keys of which an isolate keeps apart what it has counted. */
const MAX_KEYS = 1_000;

interface Counted {
  author: Author;
  minute: number;
  written: number;
  /** Not told yet. */
  more: number;
}

/** What is to be done with a refused act. "tell": `take` gives the count, soon. */
export type RefusalLine = { kind: "write"; minute: number } | { kind: "tell" } | { kind: "nothing" };

/** Of one isolate. */
export class Refusals {
  readonly #keys = new Map<string, Counted>();

  decide(author: Author, now: number): RefusalLine {
    const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    const counted = this.#of(author, minute);
    if (counted.written < MAX_REFUSED) {
      counted.written++;
      return { kind: "write", minute };
    }
    return this.#count(counted);
  }

  /** Others have written as many as may be: this one is counted as well. */
  full(author: Author, minute: number): RefusalLine {
    const counted = this.#of(author, minute);
    counted.written = MAX_REFUSED;
    return this.#count(counted);
  }

  /** What was counted and not told of a key, which is told now. */
  take(key: Author): { author: Author; minute: number; count: number } | null {
    const counted = this.#keys.get(nameOf(key));
    if (counted === undefined || counted.more === 0) return null;
    const { author, minute, more } = counted;
    counted.more = 0;
    return { author, minute, count: more };
  }

  #count(counted: Counted): RefusalLine {
    counted.more++;
    return { kind: counted.more === 1 ? "tell" : "nothing" };
  }

  /** What is left of an earlier minute is told as this one's: nothing is left out. */
  #of(author: Author, minute: number): Counted {
    let counted = this.#keys.get(nameOf(author));
    if (counted === undefined) {
      if (this.#keys.size >= MAX_KEYS) this.#forget();
      counted = { author, minute, written: 0, more: 0 };
      this.#keys.set(nameOf(author), counted);
    } else if (counted.minute < minute) {
      counted.minute = minute;
      counted.written = 0;
    }
    return counted;
  }

  #forget(): void {
    for (const [key, { more }] of this.#keys) if (more === 0) this.#keys.delete(key);
  }
}

/** Whose acts count together: those of a key, and those of all who have none. */
function nameOf({ via, keyId }: Author): string {
  return `${via}:${keyId}`;
}
