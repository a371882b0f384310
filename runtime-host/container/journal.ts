// What runs print, where the runtime appends it to files: read when a run ends, or while somebody follows it, and not
// at every line, which would wake the engine and this process. There are two, so that one can be emptied while the
// other grows; where the container has been told to go over, the old one is read to its end first.
// The format is that of runtimes/nodejs/journal.js.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Stream } from "./log-collection.ts";

export interface JournalSink {
  /** `run`: its number, or 0; `at`: ms since 1970, as the container says. Bytes are valid during the call. */
  printed(run: number, stream: Stream, bytes: Buffer, at: number): void;
  /** So many bytes cannot be read. */
  lost(bytes: number): void;
}

const START = 0x1e;
const HEAD_BYTES = 18;
/** Bytes of a record at most. */
const MAX_RECORD_BYTES = 64 * 1024;
/** Bytes read before the container is sent to the other file. */
const TURN_BYTES = 256 * 1024;
/** All journals are read through the same memory: nothing waits in between. */
const SHARED = Buffer.allocUnsafe(4 * (HEAD_BYTES + MAX_RECORD_BYTES));
const NAMES = ["a", "b"] as const;

/** Linux's own memory for shared files; it counts as the writer's. */
const MEMORY = "/dev/shm";

let count = 0;

/** A folder of the host's own for journals, empty: in memory where there is a place for that, else below `state`. */
export function journalFolder(state: string): string {
  const name = createHash("sha256").update(state).digest("hex").slice(0, 16);
  for (const folder of [join(MEMORY, `edgewhisk-${process.getuid?.() ?? 0}-${name}`), join(state, "journals")]) {
    if (!existsSync(dirname(folder))) continue;
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch {
      // Somebody else's, or read-only: the next one is ours.
    }
  }
  return state;
}

interface JournalFile {
  readonly path: string;
  readonly fd: number;
}

export class Journal {
  readonly #files: readonly [JournalFile, JournalFile];
  /** The one that is read. */
  #at: 0 | 1 = 0;
  /** Bytes of it that have been read. */
  #read = 0;
  /** The other one is empty, and the container may go over to it. */
  #turning = false;
  #linked = true;

  private constructor(files: readonly [JournalFile, JournalFile]) {
    this.#files = files;
  }

  /** Two files that anybody may write to, in a folder that is closed to others. Throws what the file system does. */
  static make(folder: string): Journal {
    const path = join(folder, String(++count));
    return new Journal([open(`${path}-a`), open(`${path}-b`)]);
  }

  /** For the container that is made. */
  get paths(): readonly [string, string] {
    return [this.#files[0].path, this.#files[1].path];
  }

  /** The container has them: nobody else needs their names, and nothing is left of them when both have ended. */
  unlink(): void {
    if (!this.#linked) return;
    this.#linked = false;
    for (const { path } of this.#files) unlinkSync(path);
  }

  /** What to tell the container with its next run, if anything: where to write from now on. */
  turn(): "a" | "b" | null {
    if (this.#read < TURN_BYTES) return null;
    const other = this.#at === 0 ? 1 : 0;
    if (!this.#turning) ftruncateSync(this.#files[other].fd);
    this.#turning = true;
    return NAMES[other];
  }

  /** Hands over what has come, until at least `most` bytes have been read; true if there may be more. */
  read(sink: JournalSink, most: number): boolean {
    const end = this.#read + most;
    if (this.#drain(sink, end)) return true;
    if (!this.#turning) return false;
    const other = this.#at === 0 ? 1 : 0;
    if (readSync(this.#files[other].fd, SHARED, 0, 1, 0) === 0) return false;
    // It writes there now: what still comes here is the last.
    if (this.#drain(sink, end)) return true;
    this.#turning = false;
    this.#at = other;
    this.#read = 0;
    return this.#drain(sink, most);
  }

  /** Bytes of the file that is read which have not been. */
  get left(): number {
    return Math.max(0, fstatSync(this.#files[this.#at].fd).size - this.#read);
  }

  /** Gives up what has not been read. */
  skip(sink: JournalSink): void {
    const { left } = this;
    sink.lost(left);
    this.#read += left;
  }

  close(): void {
    this.unlink();
    for (const { fd } of this.#files) closeSync(fd);
  }

  /** True if it stopped at `end`. */
  #drain(sink: JournalSink, end: number): boolean {
    const { fd } = this.#files[this.#at];
    for (;;) {
      if (this.#read >= end) return true;
      const wanted = Math.min(SHARED.length, Math.max(HEAD_BYTES + MAX_RECORD_BYTES, end - this.#read));
      const length = readSync(fd, SHARED, 0, wanted, this.#read);
      let at = 0;
      let size = recordAt(SHARED, { at, end: length });
      while (size > 0 && this.#read + at < end) {
        const run = SHARED.readUInt32LE(at + 2);
        const time = SHARED.readDoubleLE(at + 6);
        sink.printed(run, SHARED[at + 1] as Stream, SHARED.subarray(at + HEAD_BYTES, at + size), time);
        at += size;
        size = recordAt(SHARED, { at, end: length });
      }
      this.#read += at;
      if (size < 0) this.skip(sink);
      // What is left of a record is still being written, or never will be: its writer died, or had no room.
      if (length < wanted && size <= 0) return false;
    }
  }
}

/** Bytes of the record that begins there; 0 if it is not whole yet, -1 if it is none. */
function recordAt(bytes: Buffer, { at, end }: { at: number; end: number }): number {
  if (at === end) return 0;
  if (bytes[at] !== START) return -1;
  if (at + HEAD_BYTES > end) return 0;
  const stream = bytes[at + 1];
  const size = HEAD_BYTES + bytes.readUInt32LE(at + 14);
  if ((stream !== 1 && stream !== 2) || size > HEAD_BYTES + MAX_RECORD_BYTES) return -1;
  return at + size > end ? 0 : size;
}

function open(path: string): JournalFile {
  const fd = openSync(path, "wx+", 0o600);
  // Whoever the container's processes are on this machine.
  fchmodSync(fd, 0o666);
  return { path, fd };
}
