// Lifts `exec.code` out of the body of a PUT while it streams by, so that 48 MB of code are never in memory at once.
// What is left, with "" in the code's place, is JSON if and only if the body was; the reader checks it with JSON.parse.

import { type Failure, fail } from "../errors.ts";
import { MAX_DEPTH } from "./json-check.ts";
import { JsonStringReader } from "./json-string.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;

/** Bytes of a key that may still be one of ours, with every character escaped as \uXXXX. */
const MAX_KEY = 26;

export interface Lifted {
  /** The next bytes of the code; they may be a view of what was pushed. */
  code(bytes: Uint8Array): void;
  /** A later key of the same name replaces what was lifted so far. */
  discard(): void;
}

export class CodeLifter {
  readonly #lifted: Lifted;
  readonly #maxRest: number;
  #rest = new Uint8Array(4_096);
  #size = 0;
  #failure: Failure | null = null;

  #reader: JsonStringReader | null = null;
  /** The next byte is the closing quote of a string that was lifted. */
  #closing = false;
  #hasCode = false;

  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The next string is a key of the body itself or of `exec`. */
  #atKey = false;
  #topIsObject = false;
  #inExec = false;
  #key: number[] | null = null;
  #execIsNext = false;
  #codeIsNext = false;

  /** `maxRest`: bytes that the body may have without its code. */
  constructor(lifted: Lifted, options: { maxRest: number }) {
    this.#lifted = lifted;
    this.#maxRest = options.maxRest;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Whether what was lifted is the body's `exec.code`. */
  get hasCode(): boolean {
    return this.#hasCode;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#failure === null) {
      at = this.#reader === null ? this.#walk(bytes, at) : this.#lift(this.#reader, { bytes, at });
    }
  }

  /** The body without its code. */
  end(): Uint8Array {
    return this.#rest.subarray(0, this.#size);
  }

  #lift(reader: JsonStringReader, { bytes, at }: { bytes: Uint8Array; at: number }): number {
    const quote = reader.read(bytes, at);
    if (reader.fault !== null) this.#failure = fail("malformed-body", `The text is not JSON: ${reader.fault}.`);
    if (quote < 0) return bytes.length;
    this.#reader = null;
    this.#closing = true;
    this.#hasCode = true;
    return quote;
  }

  /** Up to the end, or to after the opening quote of a string to lift. Returns where reading goes on. */
  #walk(bytes: Uint8Array, from: number): number {
    let at = from;
    if (this.#closing) {
      this.#closing = false;
      at++;
    }
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (this.#inString) this.#insideString(byte);
      else if (byte === QUOTE) {
        if (this.#inExec && this.#depth === 2 && this.#codeIsNext && !this.#atKey) {
          this.#codeIsNext = false;
          this.#reader = new JsonStringReader((code) => this.#lifted.code(code));
          this.#keep(bytes.subarray(from, at + 1));
          return at + 1;
        }
        this.#inString = true;
        this.#key = this.#atKey ? [] : null;
      } else this.#outsideString(byte);
      if (this.#failure !== null) return bytes.length;
    }
    this.#keep(bytes.subarray(from));
    return bytes.length;
  }

  #insideString(byte: number): void {
    if (byte === QUOTE && !this.#escaped) {
      this.#inString = false;
      if (this.#key !== null) this.#endOfKey(this.#key);
      return;
    }
    this.#escaped = byte === BACKSLASH && !this.#escaped;
    if (this.#key !== null && this.#key.length <= MAX_KEY) this.#key.push(byte);
  }

  #outsideString(byte: number): void {
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#opened(byte === OPEN_OBJECT);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      this.#depth--;
      this.#atKey = false;
      if (this.#depth < 2) this.#inExec = false;
    } else if (byte === COMMA) {
      this.#atKey = this.#depth === 1 ? this.#topIsObject : this.#depth === 2 && this.#inExec;
    }
  }

  #opened(isObject: boolean): void {
    this.#depth++;
    this.#atKey = false;
    if (this.#depth === 1) {
      this.#topIsObject = isObject;
      this.#atKey = isObject;
    } else if (this.#depth === 2) {
      this.#inExec = isObject && this.#topIsObject && this.#execIsNext;
      this.#atKey = this.#inExec;
      this.#codeIsNext = false;
    } else if (this.#depth > MAX_DEPTH) {
      this.#failure = fail("malformed-body", `The text is nested deeper than ${MAX_DEPTH} levels.`);
    }
  }

  #endOfKey(raw: number[]): void {
    this.#atKey = false;
    this.#key = null;
    const name = nameOf(raw);
    if (this.#depth === 1) {
      this.#execIsNext = name === "exec";
      if (this.#execIsNext) this.#discard();
    } else {
      this.#codeIsNext = name === "code";
      if (this.#codeIsNext) this.#discard();
    }
  }

  #discard(): void {
    if (this.#hasCode) this.#lifted.discard();
    this.#hasCode = false;
  }

  #keep(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#maxRest) {
      this.#failure = fail("too-large", `Request without its code larger than allowed: over ${this.#maxRest} bytes.`);
      return;
    }
    if (size > this.#rest.length) {
      const larger = new Uint8Array(Math.min(this.#maxRest, Math.max(size, this.#rest.length * 2)));
      larger.set(this.#rest.subarray(0, this.#size));
      this.#rest = larger;
    }
    this.#rest.set(bytes, this.#size);
    this.#size = size;
  }
}

/** The key that was written, or "" where it cannot be one of ours. */
function nameOf(raw: number[]): string {
  if (raw.length > MAX_KEY) return "";
  const text = String.fromCharCode(...raw);
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return "";
  }
}
