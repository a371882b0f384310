// Finished runs the store has not confirmed, on disk. Append-only segments, one write() per batch: once it has returned,
// no death of this process loses the records. With fsync on, power loss does not either. Each boot writes new segments;
// a segment goes when the last of its records is confirmed, or when what is left of it has been copied forward.

import * as fs from "node:fs";
import { join } from "node:path";
import type { Logger } from "./logger.ts";
import { reasonOf } from "./logger.ts";
import { ackLine, parseLines, recordBytes, recordLine } from "./outbox-format.ts";

export interface Kept {
  readonly id: string;
  readonly attempt: number;
  readonly shard: number;
  /** Epoch ms when its text was made. */
  readonly at: number;
  readonly bytes: number;
  /** Where it lies; changed by compaction. Null while the disk refuses it, the text is then here. */
  place: { segment: Segment; offset: number } | null;
  text?: string;
}

export interface Entry {
  id: string;
  attempt: number;
  shard: number;
  /** The `record` message, logs and result inline whatever their size. */
  text: string;
}

interface Segment {
  readonly path: string;
  readonly fd: number;
  size: number;
  live: Set<Kept>;
}

export interface OutboxOptions {
  dir: string;
  bounds: { records: number; bytes: number };
  fsync: boolean;
  log: Logger;
  /** Whether it is full or the disk refuses it has changed. */
  changed: () => void;
  segmentBytes?: number;
}

/** Bytes of a record that is written by itself. */
const LONG = 256 * 1024;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #segments = new Set<Segment>();
  #current: Segment | null = null;
  #sequence = 0;
  #count = 0;
  #bytes = 0;
  #acks: string[] = [];
  #ackTimer: NodeJS.Timeout | null = null;
  /** Refused by the disk; tried again with each batch. */
  #refused = new Set<Kept>();
  #failure: string | null = null;
  #wasBlocked = false;
  /** fsync only: batches waiting for the sync that is under way. */
  #syncing: Segment | null = null;
  #unsynced: { kept: Kept[]; done: (kept: Kept[]) => void }[] = [];

  private constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Throws if the folder cannot be used. `kept` are the records of earlier boots. */
  static open(options: OutboxOptions): { outbox: Outbox; kept: Kept[] } {
    fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const outbox = new Outbox(options);
    const kept = outbox.#load();
    return { outbox, kept };
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of unconfirmed records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why no new run may be taken on, or null. Records of runs that were taken on are always kept. */
  blocked(): string | null {
    if (this.#failure !== null) return `the outbox cannot be written: ${this.#failure}`;
    const { records, bytes } = this.#options.bounds;
    if (this.#count >= records || this.#bytes >= bytes) return "too many records wait for the store";
    return null;
  }

  /** Keeps these and calls `done` when they are as durable as configured: before it returns, unless fsync is on. */
  append(entries: readonly Entry[], done: (kept: Kept[]) => void): void {
    const at = Date.now();
    const kept = entries.map((entry): Kept => {
      const { id, attempt, shard, text } = entry;
      const bytes = Buffer.byteLength(text);
      this.#count++;
      this.#bytes += bytes;
      return { id, attempt, shard, at, bytes, place: null, text };
    });
    this.#write([...this.#refused, ...kept]);
    this.#compact();
    this.#report();
    if (this.#options.fsync) {
      this.#unsynced.push({ kept, done });
      this.#sync();
    } else done(kept);
  }

  /** The store has them. */
  forget(list: readonly Kept[]): void {
    for (const kept of list) {
      this.#count--;
      this.#bytes -= kept.bytes;
      this.#refused.delete(kept);
      if (kept.place === null) continue;
      kept.place.segment.live.delete(kept);
      this.#acks.push(nameOf(kept));
    }
    this.#trim();
    this.#report();
    // Acknowledgements ride with the next batch; losing some costs only a record sent twice.
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = null;
      this.#write([]);
    }, 1000).unref();
  }

  /** A later text under the same name takes its place: on disk the later line holds. */
  supersede(kept: Kept): void {
    this.#count--;
    this.#bytes -= kept.bytes;
    this.#refused.delete(kept);
    kept.place?.segment.live.delete(kept);
  }

  read(kept: Kept): string {
    if (kept.text !== undefined || kept.place === null) return kept.text ?? "";
    const bytes = Buffer.allocUnsafe(kept.bytes);
    fs.readSync(kept.place.segment.fd, bytes, 0, kept.bytes, kept.place.offset);
    return bytes.toString("utf8");
  }

  close(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#write([]);
    this.#current = null;
    this.#trim();
    for (const segment of this.#segments) fs.closeSync(segment.fd);
  }

  #write(list: readonly Kept[]): void {
    if (list.length === 0 && (this.#acks.length === 0 || this.#segments.size === 0)) {
      this.#acks = [];
      return;
    }
    try {
      const segment = this.#open();
      const acks = this.#acks.length === 0 ? "" : ackLine(this.#acks);
      let end = segment.size + Buffer.byteLength(acks);
      const ends: number[] = [];
      const line = (bytes: number) => {
        end += bytes;
        ends.push(end);
      };
      for (const chunk of chunksOf(acks, list, line)) {
        for (let written = 0; written < chunk.length; ) {
          const count = fs.writeSync(segment.fd, chunk, written, chunk.length - written, segment.size);
          written += count;
          segment.size += count;
        }
      }
      this.#acks = [];
      for (const [index, kept] of list.entries()) {
        this.#move(kept, { segment, offset: (ends[index] as number) - 1 - kept.bytes });
      }
      this.#failure = null;
      if (!this.#options.fsync) this.#trim();
    } catch (error) {
      // The line may be half written: go on in a new segment. The texts stay in memory, and no new run is taken on.
      this.#current = null;
      this.#failure = reasonOf(error);
      for (const kept of list) if (kept.place === null) this.#refused.add(kept);
      this.#options.log.error("outbox.write-failed", { reason: this.#failure, records: list.length });
    }
  }

  #move(kept: Kept, place: { segment: Segment; offset: number }): void {
    kept.place?.segment.live.delete(kept);
    kept.place = place;
    delete kept.text;
    this.#refused.delete(kept);
    place.segment.live.add(kept);
  }

  #open(): Segment {
    const limit = this.#options.segmentBytes ?? 4 * 1024 * 1024;
    if (this.#current !== null && this.#current.size < limit) return this.#current;
    const sealed = this.#current;
    const path = join(this.#options.dir, `${String(++this.#sequence).padStart(12, "0")}.log`);
    this.#current = { path, fd: fs.openSync(path, "wx+", 0o600), size: 0, live: new Set() };
    this.#segments.add(this.#current);
    if (sealed !== null && this.#options.fsync) fs.fdatasyncSync(sealed.fd);
    return this.#current;
  }

  /** Removes segments without unconfirmed records, the oldest first and never out of turn: the line that confirms a record is
   * in the same segment or a later one, and must not go before the record. Nor does a line go before what supersedes it is
   * written (and synced, where that is asked for). */
  #trim(): void {
    if (this.#failure !== null || this.#syncing !== null || this.#unsynced.length > 0) return;
    for (const segment of this.#segments) {
      if (segment === this.#current || segment.live.size > 0) break;
      this.#segments.delete(segment);
      fs.closeSync(segment.fd);
      fs.rmSync(segment.path, { force: true });
    }
  }

  /** Copies what is left of the oldest segment forward when most of the disk space is held by confirmed records. */
  #compact(): void {
    let total = 0;
    for (const segment of this.#segments) total += segment.size;
    const [oldest] = this.#segments;
    const slack = 4 * (this.#options.segmentBytes ?? 4 * 1024 * 1024);
    if (oldest === undefined || oldest === this.#current || this.#failure !== null) return;
    if (total < 2 * this.#bytes + slack) return;
    const moving = [...oldest.live];
    for (const kept of moving) kept.text = this.read(kept);
    this.#write(moving);
    if (this.#options.fsync && this.#current !== null) fs.fdatasyncSync(this.#current.fd);
    this.#trim();
  }

  /** One sync covers all batches written before it; those that come meanwhile share the next. */
  #sync(): void {
    if (this.#syncing !== null || this.#unsynced.length === 0) return;
    const batches = this.#unsynced;
    this.#unsynced = [];
    const segment = this.#current;
    const finish = (reason: string | null) => {
      this.#syncing = null;
      this.#trim();
      if (reason !== null) this.#options.log.error("outbox.fsync-failed", { reason });
      for (const { kept, done } of batches) done(kept);
      this.#sync();
    };
    if (segment === null) {
      finish(this.#failure);
      return;
    }
    this.#syncing = segment;
    fs.fdatasync(segment.fd, (error) => finish(error === null ? null : error.message));
  }

  #report(): void {
    const blocked = this.blocked() !== null;
    if (blocked === this.#wasBlocked) return;
    this.#wasBlocked = blocked;
    this.#options.changed();
  }

  #load(): Kept[] {
    const live = new Map<string, Kept>();
    let damaged = 0;
    const { dir, log } = this.#options;
    for (const file of fs.readdirSync(dir).sort()) {
      if (!/^\d{12}\.log$/.test(file)) continue;
      this.#sequence = Number(file.slice(0, 12));
      const path = join(dir, file);
      const bytes = fs.readFileSync(path);
      const segment: Segment = { path, fd: fs.openSync(path, "r"), size: bytes.length, live: new Set() };
      this.#segments.add(segment);
      const parsed = parseLines(bytes);
      damaged += parsed.damaged;
      for (const line of parsed.lines) {
        for (const name of line.kind === "acks" ? line.names : [line.name]) {
          const gone = live.get(name);
          gone?.place?.segment.live.delete(gone);
          live.delete(name);
        }
        if (line.kind === "acks") continue;
        const [id, attempt] = line.name.split("/") as [string, string];
        const { shard, at } = line;
        const place = { segment, offset: line.start };
        const kept: Kept = { id, attempt: Number(attempt), shard, at, bytes: line.end - line.start, place };
        segment.live.add(kept);
        live.set(line.name, kept);
      }
    }
    this.#trim();
    for (const kept of live.values()) {
      this.#count++;
      this.#bytes += kept.bytes;
    }
    if (damaged > 0) log.warn("outbox.damaged-lines", { lines: damaged });
    return [...live.values()];
  }
}

function nameOf(kept: { id: string; attempt: number }): string {
  return `${kept.id}/${kept.attempt}`;
}

/** The lines of a batch: small ones together, a long one by itself. `line` is told the bytes of each record's line. */
function* chunksOf(acks: string, list: readonly Kept[], line: (bytes: number) => void): Generator<Buffer> {
  let text = acks;
  for (const kept of list) {
    const head = { name: nameOf(kept), shard: kept.shard, at: kept.at };
    if (kept.bytes > LONG) {
      if (text !== "") yield Buffer.from(text);
      text = "";
      const bytes = recordBytes(head, kept.text ?? "");
      line(bytes.length);
      yield bytes;
    } else {
      const short = recordLine(head, kept.text ?? "");
      line(Buffer.byteLength(short));
      text += short;
    }
  }
  if (text !== "") yield Buffer.from(text);
}
