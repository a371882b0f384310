// Finds the result in what a program writes to stdout: its last line, or the last block between a line "{" and a line
// "}" (or "[" and "]"), as pretty-printers write it. Everything before is log and is passed on as soon as that is sure.
"use strict";

const NEWLINE = 10;
const OPENERS = ["{", "["];
const CLOSERS = ["}", "]"];
/** Bytes held back; a longer line is no result. */
const MAX_HELD = 16 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

class ResultTail {
  #log;
  /** What may be the result: complete lines, the last one perhaps followed by blank ones. */
  #held = [];
  #inBlock = false;
  /** The line that has not ended yet. */
  #line = [];
  #size = 0;
  /** The current line was longer than a result may be: its rest is log. */
  #overlong = false;
  #lastWasOverlong = false;

  /** @param {(bytes: Buffer) => void} log */
  constructor(log) {
    this.#log = log;
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    const last = chunk.lastIndexOf(NEWLINE);
    let at = 0;
    const first = chunk.indexOf(NEWLINE);
    if (first >= 0 && first !== last) {
      this.#part(chunk.subarray(0, first + 1), true);
      at = this.#skip(chunk, first + 1, last);
    }
    for (; at <= last; ) {
      const end = chunk.indexOf(NEWLINE, at) + 1;
      this.#part(chunk.subarray(at, end), true);
      at = end;
    }
    if (at < chunk.length) this.#part(chunk.subarray(at), false);
  }

  /** @returns {{ text: string | undefined, overlong: boolean }} the candidate; not yet known to be JSON */
  end() {
    if (this.#line.length > 0 || this.#overlong) this.#part(NOTHING, true);
    return { text: Buffer.concat(this.#held).toString("utf8").trim(), overlong: this.#lastWasOverlong };
  }

  /** Only the last line of an unfinished or mistaken block; what stands before becomes log. */
  lastLineOnly() {
    const lines = this.#held.map((line) => line.toString("utf8"));
    const at = lines.findLastIndex((line) => line.trim() !== "");
    for (const line of this.#held.splice(0, Math.max(at, 0))) this.#log(line);
    return lines[at]?.trim() ?? "";
  }

  /** It was no result: it is log. */
  release() {
    for (const line of this.#held) this.#log(line);
    this.#held = [];
    this.#size = 0;
  }

  /** The many short lines of a flood at once: all but the last, where none of them can open or close anything. */
  #skip(chunk, from, last) {
    const before = chunk.lastIndexOf(NEWLINE, last - 1) + 1;
    if (this.#inBlock || before <= from || isBlank(chunk.subarray(before, last))) return from;
    const passed = chunk.subarray(from - 1, before);
    if (OPENERS.some((opener) => passed.includes(`\n${opener}\n`) || passed.includes(`\n${opener}\r`))) return from;
    this.release();
    this.#lastWasOverlong = false;
    this.#log(chunk.subarray(from, before));
    return before;
  }

  #part(bytes, complete) {
    if (this.#size + bytes.length > MAX_HELD) {
      this.release();
      this.#inBlock = false;
      for (const part of this.#line) this.#log(part);
      this.#line = [];
      this.#overlong = true;
    }
    if (this.#overlong) this.#log(bytes);
    else if (bytes.length > 0) {
      // The chunk may be a reused buffer's.
      this.#line.push(Buffer.from(bytes));
      this.#size += bytes.length;
    }
    if (!complete) return;
    if (this.#overlong) this.#lastWasOverlong = true;
    else this.#whole(this.#line.length === 1 ? this.#line[0] : Buffer.concat(this.#line));
    this.#line = [];
    this.#overlong = false;
  }

  #whole(line) {
    if (isBlank(line)) {
      if (this.#held.length > 0) this.#held.push(line);
      else this.#log(line);
      return;
    }
    const text = line.length < 8 ? line.toString("utf8").trimEnd() : "";
    const closes = this.#inBlock && CLOSERS.includes(text);
    const inside = this.#inBlock && (line[0] === 32 || line[0] === 9);
    if (!closes && !inside) this.release();
    this.#held.push(line);
    this.#size = this.#held.reduce((sum, each) => sum + each.length, 0);
    this.#inBlock = inside || (!closes && OPENERS.includes(text));
    this.#lastWasOverlong = false;
  }
}

function isBlank(bytes) {
  for (const byte of bytes) if (byte !== 32 && (byte < 9 || byte > 13)) return false;
  return true;
}

module.exports = { ResultTail, MAX_HELD };
