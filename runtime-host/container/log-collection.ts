// The output of one activation: lines with time and stream, up to the action's limit. What is long moves to a temporary
// file until it is handed over, so that many talkative runs do not fill the host's memory.

import { closeSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LiveLogs, Logs } from "./contract.ts";
import { wholeLines } from "./log-slices.ts";

export type Stream = 1 | 2;

/** Characters kept in memory per activation before they move to a file. */
const MAX_IN_MEMORY = 256 * 1024;
/** Times its limit that the JSON texts of a run's lines may take, at least and at most so many bytes: a line of nothing
 * is a byte to who prints it, and forty to who keeps it. */
const TEXT_SHARE = 4;
const MIN_TEXT_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 40 * 1024 * 1024;
/** Before a line that each of the activations running then was given. */
export const SHARED = "[shared]";
const FAILED = "There was an issue while collecting your logs. Data might be missing.";

let files = 0;

export class LogCollection implements LiveLogs {
  /** Bytes; 0 = nothing is collected. */
  readonly limit: number;
  /** Bytes the container had printed before, that could be this run's. */
  began: number;
  /** The runtime says that the run printed nothing: no markers will come. */
  quiet = false;
  /** Streams whose end marker has been seen: bit 1 stdout, bit 2 stderr. */
  sealed = 0;
  /** /run was answered: the next marker nobody else waits for is this one's. */
  answered = false;
  /** Told when both markers are there. */
  onSealed: (() => void) | null = null;
  /** Told when somebody begins to wait for more. */
  followed: (() => void) | null = null;
  /** Something it should have had could not be read. */
  incomplete = false;
  /** Handed over or discarded: nothing more can be read here. */
  over = false;
  /** What the runtime is told to write before this run's output, where runs overlap. */
  run: string | null = null;
  #onMore: (() => void) | null = null;
  #text = "";
  #size = 0;
  /** Bytes of the lines' JSON texts, with commas. */
  #kept = 0;
  #cut = 0;
  #full = false;
  #file: { path: string; fd: number } | null = null;
  /** Bytes of lines and commas in the file. */
  #spilled = 0;
  #broken = false;
  readonly #folder: string;

  constructor(limit: number, options: { folder: string; began: number }) {
    this.limit = limit;
    this.began = options.began;
    this.#folder = options.folder;
  }

  get full(): boolean {
    return this.#full || this.limit === 0;
  }

  /** Told once when there is more to read, or when it is over; for who follows it live. */
  get onMore(): (() => void) | null {
    return this.#onMore;
  }

  set onMore(told: (() => void) | null) {
    this.#onMore = told;
    if (told !== null) this.followed?.();
  }

  get whole(): boolean {
    return this.sealed === 3;
  }

  /** `shared`: several were running, and nobody knows whose it is. */
  line(stream: Stream, bytes: Buffer, { now, shared }: { now: number; shared: boolean }): void {
    if (this.limit === 0) return;
    this.#size += bytes.length + 1;
    if (this.#full || this.#size > this.limit) {
      this.#overflow(bytes);
      return;
    }
    const text = bytes.toString("utf8");
    const line = textOf(stream, shared ? `${SHARED} ${text}` : text, now);
    this.#kept += Buffer.byteLength(line) + 1;
    if (this.#kept > Math.min(MAX_TEXT_BYTES, Math.max(MIN_TEXT_BYTES, TEXT_SHARE * this.limit))) {
      this.#overflow(bytes);
      return;
    }
    this.#add(line);
    this.#tell();
  }

  #overflow(bytes: Buffer): void {
    this.#full = true;
    this.#cut += bytes.length + 1;
  }

  skipped(bytes: number): void {
    if (this.limit > 0) this.#cut += bytes;
  }

  seal(stream: Stream): void {
    this.sealed |= stream;
  }

  /** The lines as a JSON array; `missing`: something should have come and did not. To be called once. */
  take(options: { missing: boolean; now: number }): Logs {
    const logs = this.#take(options);
    this.#end();
    return logs;
  }

  /** For a collection nobody will take. */
  discard(): void {
    this.#text = "";
    this.#close();
    this.#end();
  }

  #take(options: { missing: boolean; now: number }): Logs {
    const { now } = options;
    if (this.limit === 0) return { lines: "[]" };
    if (this.#full && !this.#broken) {
      const text = `Logs were truncated because the total bytes size exceeds the limit of ${this.limit} bytes.`;
      this.#append(2, text, now);
    }
    if (options.missing || this.#broken) this.#append(2, FAILED, now);
    // One copy of a long text in memory, not three.
    const lines = this.#file === null ? `[${this.#text}]` : this.#reread();
    this.#text = "";
    return this.#cut > 0 ? { lines, cut: this.#cut } : { lines };
  }

  /** A place is a byte of the lines' JSON texts with commas between. */
  read(from: number, max: number): { text: string; next: number } | null {
    if (this.#broken || this.over) return null;
    return wholeLines((at, length) => this.#bytes(at, length), { from, max });
  }

  #bytes(at: number, length: number): Buffer {
    if (this.#file === null) return Buffer.from(this.#text).subarray(at, at + length);
    // The comma before what is in memory is written with it.
    const start = this.#spilled + 1;
    if (at >= start) return Buffer.from(this.#text).subarray(at - start, at - start + length);
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.#spilled - at)));
    return bytes.subarray(0, readSync(this.#file.fd, bytes, 0, bytes.length, at + 1));
  }

  #end(): void {
    this.over = true;
    this.#tell();
  }

  #tell(): void {
    const told = this.#onMore;
    if (told === null) return;
    this.#onMore = null;
    told();
  }

  #append(stream: Stream, text: string, now: number): void {
    this.#add(textOf(stream, text, now));
  }

  #add(line: string): void {
    this.#text += this.#text === "" ? line : `,${line}`;
    if (this.#text.length > MAX_IN_MEMORY) this.#spill();
  }

  #reread(): string {
    this.#spill();
    const stored = this.#close("]");
    if (!this.#broken) return stored;
    this.#append(2, FAILED, Date.now());
    return `[${this.#text}]`;
  }

  #spill(): void {
    if (this.#text === "") return;
    try {
      let comma = ",";
      if (this.#file === null) {
        const path = join(this.#folder, `log-${process.pid}-${++files}`);
        this.#file = { path, fd: openSync(path, "wx+", 0o600) };
        comma = "[";
      }
      write(this.#file.fd, comma + this.#text);
      this.#spilled += Buffer.byteLength(this.#text) + (comma === "," ? 1 : 0);
    } catch {
      // A full disk costs these lines, and says so in the record.
      this.#broken = true;
      this.#full = true;
      this.#close();
    }
    this.#text = "";
  }

  /** What was spilled, with `tail` after it. */
  #close(tail = ""): string {
    const file = this.#file;
    if (file === null) return "";
    this.#file = null;
    try {
      if (tail !== "") write(file.fd, tail);
      closeSync(file.fd);
      return this.#broken || tail === "" ? "" : readFileSync(file.path, "utf8");
    } catch {
      this.#broken = true;
      return "";
    } finally {
      rmSync(file.path, { force: true });
    }
  }
}

/** The JSON text of a line. */
function textOf(stream: Stream, text: string, now: number): string {
  return JSON.stringify(`${timestamp(now)} ${stream === 1 ? "stdout" : "stderr"}: ${text}`);
}

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

let cachedAt = -1;
let cached = "";

/** RFC 3339 with nine digits, 30 characters wide. */
function timestamp(now: number): string {
  if (now !== cachedAt) {
    cached = `${new Date(now).toISOString().slice(0, -1)}000000Z`;
    cachedAt = now;
  }
  return cached;
}
