// The inside of a JSON string, as bytes in pieces of any size: reading it out of a text, and writing it into one.

import { copyRun, runEnd, sumOf } from "./byte-run.ts";
import { Utf8Check } from "./utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;
/** What characters cut by the piece's start may add to its length. */
const SLACK = 8;

/** Not 0 where a byte cannot stand for itself inside a JSON string. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) => (mustEscape(byte) ? 1 : 0));
/** The same, and for bytes of characters that are not ASCII. */
const STOPS_AND_HIGH = STOPS.map((stop, byte) => (byte >= 0x80 ? 1 : stop));
const SIMPLE: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", "/": "/" };
const UNESCAPED = bytesBy(Object.entries(SIMPLE).map(([name, meaning]) => [name, meaning.charCodeAt(0)]));
const DIGITS = bytesBy(
  [..."0123456789abcdef"].flatMap((digit, value) => [
    [digit, value + 1],
    [digit.toUpperCase(), value + 1],
  ]),
);

type State = "text" | "escape" | "unicode";

/** Reads one string, from after its opening quote on. Lone surrogates become U+FFFD, as when UTF-16 is encoded. */
export class JsonStringReader {
  readonly #emit: (bytes: Uint8Array) => void;
  readonly #utf8 = new Utf8Check();
  #state: State = "text";
  #unit = 0;
  #digits = 0;
  /** A high surrogate whose other half may follow. */
  #high = 0;
  #fault: string | null = null;

  /** `emit` gets the string's UTF-8; the bytes may be a view of what was read. */
  constructor(emit: (bytes: Uint8Array) => void) {
    this.#emit = emit;
  }

  /** Why this is no JSON string. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Reads from `from` on. Returns where the closing quote is, or -1 if the string goes on (or is faulty). */
  read(bytes: Uint8Array, from: number): number {
    let at = from;
    let ascii = true;
    if (this.#state === "text" && this.#high === 0) {
      at = runEnd(STOPS_AND_HIGH, bytes, at);
      if (at < bytes.length && (bytes[at] as number) >= 0x80) {
        ascii = false;
        at = runEnd(STOPS, bytes, at);
      }
      if (at === bytes.length || bytes[at] === QUOTE) {
        this.#send(bytes.subarray(from, at), ascii);
        return at < bytes.length ? this.#end(at) : -1;
      }
    }
    return this.#translate(bytes, from, at);
  }

  /** The same where something is escaped, at `start` first: what comes out is not what was read. */
  #translate(bytes: Uint8Array, from: number, start: number): number {
    const out = new Uint8Array(bytes.length - from + SLACK);
    let filled = copyRun(bytes, { from, to: start }, { out, place: 0 });
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at] as number;
      if (this.#state !== "text") {
        filled = this.#escaped(byte, { out, filled });
        if (this.#fault !== null) return -1;
        at++;
        continue;
      }
      if (byte === BACKSLASH) {
        this.#state = "escape";
        at++;
        continue;
      }
      if (this.#high !== 0) filled = this.#flush(out, filled);
      if (byte === QUOTE) {
        this.#send(out.subarray(0, filled), false);
        return this.#end(at);
      }
      if (byte < 0x20) return this.#fail("a control character stands in a string");
      const to = runEnd(STOPS, bytes, at);
      filled = copyRun(bytes, { from: at, to }, { out, place: filled });
      at = to;
    }
    this.#send(out.subarray(0, filled), false);
    return -1;
  }

  #escaped(byte: number, { out, filled }: { out: Uint8Array; filled: number }): number {
    if (this.#state === "escape") {
      if (byte === LETTER_U) {
        this.#state = "unicode";
        this.#unit = 0;
        this.#digits = 0;
        return filled;
      }
      const meaning = UNESCAPED[byte] as number;
      if (meaning === 0) this.#fail("a string has an unknown escape");
      this.#state = "text";
      const next = this.#high === 0 ? filled : this.#flush(out, filled);
      out[next] = meaning;
      return next + 1;
    }
    const digit = DIGITS[byte] as number;
    if (digit === 0) this.#fail("a string has an unknown escape");
    this.#unit = this.#unit * 16 + digit - 1;
    this.#digits++;
    if (this.#digits < 4) return filled;
    this.#state = "text";
    return this.#codeUnit(out, filled);
  }

  #codeUnit(out: Uint8Array, filled: number): number {
    const unit = this.#unit;
    const isLow = (unit & 0xfc00) === 0xdc00;
    if (this.#high !== 0 && isLow) {
      const point = 0x10000 + ((this.#high - 0xd800) << 10) + (unit - 0xdc00);
      this.#high = 0;
      return encode(point, { out, filled });
    }
    const next = this.#high === 0 ? filled : this.#flush(out, filled);
    if ((unit & 0xfc00) === 0xd800) {
      this.#high = unit;
      return next;
    }
    return encode(isLow ? REPLACEMENT : unit, { out, filled: next });
  }

  #flush(out: Uint8Array, filled: number): number {
    this.#high = 0;
    return encode(REPLACEMENT, { out, filled });
  }

  #send(bytes: Uint8Array, ascii: boolean): void {
    if (!ascii || this.#utf8.open) this.#utf8.push(bytes);
    if (!this.#utf8.valid) this.#fail("a string is not UTF-8");
    else if (bytes.length > 0) this.#emit(bytes);
  }

  #end(at: number): number {
    if (this.#utf8.open) return this.#fail("a string is not UTF-8");
    return this.#fault === null ? at : -1;
  }

  #fail(reason: string): -1 {
    this.#fault ??= reason;
    return -1;
  }
}

/** UTF-8 as it stands inside a JSON string. The same bytes come back where nothing is to be escaped. */
export function escapeBytes(bytes: Uint8Array): Uint8Array {
  const first = runEnd(STOPS, bytes, 0);
  if (first === bytes.length) return bytes;
  const out = new Uint8Array(bytes.length + sumOf(GROWTH, bytes));
  let filled = 0;
  let from = 0;
  for (let at = first; at < bytes.length; at = runEnd(STOPS, bytes, from)) {
    filled = copyRun(bytes, { from, to: at }, { out, place: filled });
    filled = escapeByte(bytes[at] as number, { out, filled });
    from = at + 1;
  }
  copyRun(bytes, { from, to: bytes.length }, { out, place: filled });
  return out;
}

const ESCAPED = bytesOfMeanings();
/** How many bytes longer each byte becomes. */
const GROWTH = STOPS.map((stop, byte) => (stop === 0 ? 0 : ESCAPED[byte] === 0 ? 5 : 1));
const HEX = new TextEncoder().encode("0123456789abcdef");

function escapeByte(byte: number, { out, filled }: { out: Uint8Array; filled: number }): number {
  const name = ESCAPED[byte] as number;
  out[filled] = BACKSLASH;
  if (name !== 0) {
    out[filled + 1] = name;
    return filled + 2;
  }
  out[filled + 1] = LETTER_U;
  out[filled + 2] = HEX[0] as number;
  out[filled + 3] = HEX[0] as number;
  out[filled + 4] = HEX[byte >> 4] as number;
  out[filled + 5] = HEX[byte & 15] as number;
  return filled + 6;
}

function mustEscape(byte: number): boolean {
  return byte < 0x20 || byte === QUOTE || byte === BACKSLASH;
}

function encode(point: number, { out, filled }: { out: Uint8Array; filled: number }): number {
  if (point < 0x80) {
    out[filled] = point;
    return filled + 1;
  }
  const count = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  let rest = point;
  for (let at = filled + count - 1; at > filled; at--) {
    out[at] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  out[filled] = ((0xf00 >> count) & 0xff) | rest;
  return filled + count;
}

function bytesBy(entries: Iterable<readonly (string | number)[]>): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const [character, value] of entries) bytes[String(character).charCodeAt(0)] = Number(value);
  return bytes;
}

/** The letter behind the backslash for each byte that has one; the slash needs none. */
function bytesOfMeanings(): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const [name, meaning] of Object.entries(SIMPLE)) {
    if (name !== "/") bytes[meaning.charCodeAt(0)] = name.charCodeAt(0);
  }
  return bytes;
}
