// Whether a text is JSON, without making its values: a megabyte of small values costs JSON.parse a quarter of a second
// and thirty times its size. No recursion; the depth is bounded.

/** Deeper values help nobody and break readers that recurse. */
export const MAX_DEPTH = 1_000;
/** Characters up to which the platform's own parser is the quicker one, and cannot be led astray. */
const SHORT = 2 * MAX_DEPTH;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_U = 0x75;
const IS_ARRAY = 1;
const IS_OBJECT = 2;

const ESCAPES: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((each) => each.charCodeAt(0)));
const WORDS = ["true", "false", "null"] as const;

/** Why this is not the text of one JSON value, or null if it is. */
export function jsonFault(text: string): string | null {
  if (text.length > SHORT) return new Check(text).fault();
  try {
    JSON.parse(text);
    return null;
  } catch (cause) {
    return sentence((cause as SyntaxError).message);
  }
}

/** Where a value, a key, or what may follow a value is expected. */
type Expected = "value" | "first-element" | "key" | "first-key" | "next";

class Check {
  readonly #text: string;
  readonly #around = new Uint8Array(MAX_DEPTH + 1);
  #depth = 0;
  #at = 0;
  #fault: string | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  fault(): string | null {
    let expected: Expected | null = "value";
    while (expected !== null) {
      this.#skipSpace();
      expected = this.#step(expected, this.#text.charCodeAt(this.#at));
    }
    if (this.#fault === null && this.#at < this.#text.length) this.#fail("more follows its end");
    return this.#fault;
  }

  /** What is expected next, or null at the end. */
  #step(expected: Expected, code: number): Expected | null {
    if (expected === "next") return this.#next(code);
    if (expected === "first-key" || expected === "key") {
      if (code === CLOSE_OBJECT && expected === "first-key") return this.#close();
      return this.#key(code);
    }
    if (code === CLOSE_ARRAY && expected === "first-element") return this.#close();
    if (code === OPEN_OBJECT) return this.#open(IS_OBJECT);
    if (code === OPEN_ARRAY) return this.#open(IS_ARRAY);
    if (code === QUOTE) return this.#string() ? this.#ended() : null;
    if (code === MINUS || isDigit(code)) return this.#number() ? this.#ended() : null;
    const word = WORDS.find((each) => this.#text.startsWith(each, this.#at));
    if (word === undefined) return this.#fail("a value is expected");
    this.#at += word.length;
    return this.#ended();
  }

  #next(code: number): Expected | null {
    const isObject = this.#around[this.#depth] === IS_OBJECT;
    if (code === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return this.#close();
    if (code !== COMMA) return this.#fail("',' or the end is expected");
    this.#at++;
    return isObject ? "key" : "value";
  }

  #key(code: number): Expected | null {
    if (code !== QUOTE) return this.#fail("a key is expected");
    if (!this.#string()) return null;
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== COLON) return this.#fail("':' is expected");
    this.#at++;
    return "value";
  }

  #open(kind: typeof IS_ARRAY | typeof IS_OBJECT): Expected | null {
    if (this.#depth === MAX_DEPTH) return this.#fail(`it is nested deeper than ${MAX_DEPTH} levels`);
    this.#at++;
    this.#around[++this.#depth] = kind;
    return kind === IS_OBJECT ? "first-key" : "first-element";
  }

  #close(): Expected | null {
    this.#at++;
    this.#depth--;
    return this.#ended();
  }

  #ended(): Expected | null {
    if (this.#depth > 0) return "next";
    this.#skipSpace();
    return null;
  }

  #string(): boolean {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (code < 0x20) break;
      if (code !== BACKSLASH) continue;
      const escaped = text.charCodeAt(++at);
      if (escaped === LETTER_U) {
        for (const end = at + 4; at < end; at++) if (!isHex(text.charCodeAt(at + 1))) return this.#failString(at);
      } else if (!ESCAPES.has(escaped)) return this.#failString(at);
    }
    return this.#failString(text.length);
  }

  #failString(at: number): false {
    this.#at = Math.min(at, this.#text.length);
    this.#fail("a string is not whole");
    return false;
  }

  #number(): boolean {
    const text = this.#text;
    let at = this.#at;
    if (text.charCodeAt(at) === MINUS) at++;
    const first = text.charCodeAt(at);
    const whole = first === ZERO ? at + 1 : this.#digits(at);
    let good = whole > at;
    at = whole;
    if (good && text.charCodeAt(at) === DOT) {
      const end = this.#digits(at + 1);
      good = end > at + 1;
      at = end;
    }
    if (good && (text.charCodeAt(at) | 0x20) === 0x65) {
      const sign = text.charCodeAt(at + 1);
      const from = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
      at = this.#digits(from);
      good = at > from;
    }
    this.#at = at;
    if (!good) this.#fail("a number is not whole");
    return good;
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.#text.charCodeAt(at))) at++;
    return at;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fail(reason: string): null {
    this.#fault ??= sentence(`${reason} at character ${this.#at}`);
    return null;
  }
}

function sentence(reason: string): string {
  return `The text is not JSON: ${reason}.`;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isHex(code: number): boolean {
  const letter = code | 0x20;
  return isDigit(code) || (letter >= 0x61 && letter <= 0x66);
}
