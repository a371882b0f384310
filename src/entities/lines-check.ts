// Whether bytes that come in pieces are the text of a JSON array of strings, in UTF-8:
// logs of megabytes are never held whole.

import { runEnd } from "./byte-run.ts";
import { Utf8Check } from "./utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const LETTER_U = 0x75;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const ESCAPES: ReadonlySet<number> = new Set([...'"\\/bfnrtu'].map((each) => each.charCodeAt(0)));
const HEX: ReadonlySet<number> = new Set([..."0123456789abcdefABCDEF"].map((each) => each.charCodeAt(0)));
/** Not 0 where a byte cannot stand for itself inside a JSON string. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);

type State = "start" | "first" | "next" | "line" | "escape" | "digits" | "comma" | "end" | "wrong";

export class LinesCheck {
  readonly #utf8 = new Utf8Check();
  #state: State = "start";
  /** Digits of an escaped character that are still to come. */
  #digits = 0;

  push(bytes: Uint8Array): void {
    this.#utf8.push(bytes);
    for (let at = 0; at < bytes.length && this.#state !== "wrong"; at++) {
      if (this.#state === "line") {
        at = runEnd(STOPS, bytes, at);
        if (at === bytes.length) return;
      }
      this.#state = this.#after(bytes[at] as number);
    }
  }

  /** False once the bytes so far cannot be such a text. */
  get valid(): boolean {
    return this.#state !== "wrong" && this.#utf8.valid;
  }

  /** Whether it is whole. */
  get whole(): boolean {
    return this.#state === "end" && this.#utf8.valid && !this.#utf8.open;
  }

  /** No more bytes will come. */
  end(): void {
    if (!this.whole) this.#state = "wrong";
  }

  #after(byte: number): State {
    const state = this.#state;
    if (state === "line") return byte === QUOTE ? "comma" : byte === BACKSLASH ? "escape" : "wrong";
    if (state === "escape") {
      this.#digits = byte === LETTER_U ? 4 : 0;
      if (!ESCAPES.has(byte)) return "wrong";
      return this.#digits > 0 ? "digits" : "line";
    }
    if (state === "digits") {
      if (!HEX.has(byte)) return "wrong";
      return --this.#digits > 0 ? "digits" : "line";
    }
    if (SPACES.has(byte)) return state;
    if (state === "start") return byte === OPEN ? "first" : "wrong";
    if (state === "first") return byte === QUOTE ? "line" : byte === CLOSE ? "end" : "wrong";
    if (state === "next") return byte === QUOTE ? "line" : "wrong";
    if (state === "comma") return byte === COMMA ? "next" : byte === CLOSE ? "end" : "wrong";
    return "wrong";
  }
}
