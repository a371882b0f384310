// Finished runs the store has not confirmed, on disk. Append-only segments, one write() per batch: once it has
// returned, no death of this process loses the records. With fsync on, power loss does not either. Each boot writes new
// segments; a segment goes when the last of its records is confirmed, or when what is left of it has been copied
// forward. While the disk refuses it, it is tried again and again, whether or not anything new comes.

import * as fs from "node:fs";
import { join } from "node:path";
import { Ailment } from "../machine/ailment.ts";
import type { Backoff } from "../machine/backoff.ts";
import type { Logger } from "../program/logger.ts";
import { reasonOf } from "../program/logger.ts";
import { ackLine, batchOf, readRecord } from "./outbox-format.ts";
import { headOf, loadSegments, nameOf, type OutboxSegment, type StoredRecord } from "./outbox-segments.ts";

export interface OutboxEntry {
  id: string;
  attempt: number;
  shard: number;
  /** The `record` message, logs and result inline whatever their size. */
  text: string;
}

export interface OutboxOptions {
  dir: string;
  bounds: { records: number; bytes: number };
  fsync: boolean;
  log: Logger;
  /** Whether it is full or the disk refuses it has changed. */
  changed: () => void;
  segmentBytes?: number;
  /** Waits between tries while the disk refuses it. */
  retry?: Backoff;
}

/** Bytes that must go onto a disk that has refused records before it counts as well again. */
const PROBE = Buffer.alloc(256 * 1024);
const PROBE_FILE = "probe";

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #segments = new Set<OutboxSegment>();
  #current: OutboxSegment | null = null;
  #sequence = 0;
  #count = 0;
  #bytes = 0;
  #acks: string[] = [];
  #ackTimer: NodeJS.Timeout | null = null;
  /** Refused by the disk; tried again with each batch, and by themselves. */
  #refused = new Set<StoredRecord>();
  readonly #disk: Ailment;
  #wasBlocked = false;
  /** fsync only: batches waiting for the sync that is under way. */
  #syncing: OutboxSegment | null = null;
  #unsynced: { kept: StoredRecord[]; done: (kept: StoredRecord[]) => void }[] = [];

  private constructor(options: OutboxOptions) {
    this.#options = options;
    const { log, retry } = options;
    this.#disk = new Ailment({
      again: () => this.#retry(),
      failed: (reason) => log.error("outbox.write-failed", { reason, records: this.#refused.size }),
      over: () => log.info("outbox.written-again"),
      ...(retry === undefined ? {} : { pause: retry }),
    });
  }

  /** Throws if the folder cannot be used. `kept` are the records of earlier boots. */
  static open(options: OutboxOptions): { outbox: Outbox; kept: StoredRecord[] } {
    fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const outbox = new Outbox(options);
    const kept = outbox.#load();
    return { outbox, kept };
  }

  get count(): number {
    return this.#count;
  }

  /** Why no new run may be taken on, or null. Records of runs that were taken on are always kept. */
  blocked(): string | null {
    if (this.#disk.reason !== null) return `the outbox cannot be written: ${this.#disk.reason}`;
    const { records, bytes } = this.#options.bounds;
    if (this.#count >= records || this.#bytes >= bytes) return "too many records wait for the store";
    return null;
  }

  /** Keeps these and calls `done` when they are as durable as configured: before it returns, unless fsync is on. */
  append(entries: readonly OutboxEntry[], done: (kept: StoredRecord[]) => void): void {
    const at = Date.now();
    const kept = entries.map((entry): StoredRecord => {
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
  forget(list: readonly StoredRecord[]): void {
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
      this.#report();
    }, 1000).unref();
  }

  /** A later text under the same name takes its place: on disk the later line holds. */
  supersede(kept: StoredRecord): void {
    this.#count--;
    this.#bytes -= kept.bytes;
    this.#refused.delete(kept);
    kept.place?.segment.live.delete(kept);
  }

  /** Null if it is not on the disk as it was written: its checksum tells. Throws if the disk cannot be read now. */
  read(kept: StoredRecord): string | null {
    if (kept.text !== undefined || kept.place === null) return kept.text ?? "";
    const { segment, offset } = kept.place;
    return readRecord(headOf(kept), { offset, bytes: kept.bytes }, (into, at) =>
      fs.readSync(segment.fd, into, 0, into.length, at),
    );
  }

  close(): void {
    this.#disk.close();
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#write([...this.#refused]);
    this.#current = null;
    this.#trim();
    for (const segment of this.#segments) fs.closeSync(segment.fd);
  }

  #write(list: readonly StoredRecord[]): void {
    if (list.length === 0 && (this.#acks.length === 0 || this.#segments.size === 0)) {
      this.#acks = [];
      return;
    }
    let made: OutboxSegment | null = null;
    try {
      const segment = this.#open();
      if (segment.size === 0) made = segment;
      const acks = this.#acks.length === 0 ? "" : ackLine(this.#acks);
      let end = segment.size + Buffer.byteLength(acks);
      const ends: number[] = [];
      const records = list.map((kept) => ({ ...headOf(kept), bytes: kept.bytes, text: kept.text ?? "" }));
      const line = (bytes: number) => {
        end += bytes;
        ends.push(end);
      };
      for (const chunk of batchOf(acks, records, line)) {
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
      if (this.#options.fsync) return;
      if (list.length > 0) this.#disk.works();
      this.#trim();
    } catch (error) {
      // The line may be half written: go on in a new segment. The texts stay in memory, and no new run is taken on.
      if (made !== null) this.#discard(made);
      this.#current = null;
      for (const kept of list) if (kept.place === null) this.#refused.add(kept);
      this.#disk.fails(error);
    }
  }

  /** What was refused is written; where nothing is, as much as a batch may have. */
  #retry(): void {
    if (this.#refused.size > 0) {
      this.#write([...this.#refused]);
      if (this.#options.fsync) {
        this.#unsynced.push({ kept: [], done: () => undefined });
        this.#sync();
      }
    } else {
      try {
        const path = join(this.#options.dir, PROBE_FILE);
        fs.writeFileSync(path, PROBE, { mode: 0o600, flush: true });
        fs.rmSync(path);
        this.#disk.works();
        this.#trim();
      } catch (error) {
        this.#disk.fails(error);
      }
    }
    this.#report();
  }

  #move(kept: StoredRecord, place: { segment: OutboxSegment; offset: number }): void {
    kept.place?.segment.live.delete(kept);
    kept.place = place;
    delete kept.text;
    this.#refused.delete(kept);
    place.segment.live.add(kept);
  }

  #open(): OutboxSegment {
    const limit = this.#options.segmentBytes ?? 4 * 1024 * 1024;
    if (this.#current !== null && this.#current.size < limit) return this.#current;
    const sealed = this.#current;
    const path = join(this.#options.dir, `${String(this.#sequence + 1).padStart(12, "0")}.log`);
    // A name that is taken is passed over at the next try.
    if (fs.existsSync(path)) this.#sequence++;
    const fd = fs.openSync(path, "wx+", 0o600);
    this.#sequence++;
    this.#current = { path, fd, size: 0, live: new Set() };
    this.#segments.add(this.#current);
    if (sealed !== null && this.#options.fsync) fs.fdatasyncSync(sealed.fd);
    return this.#current;
  }

  /** Removes segments without unconfirmed records, the oldest first and never out of turn: the line that confirms a
   * record is in the same segment or a later one, and must not go before the record. Nor does a line go before what
   * supersedes it is written (and synced, where that is asked for). */
  #trim(): void {
    if (this.#disk.reason !== null || this.#syncing !== null || this.#unsynced.length > 0) return;
    for (const segment of this.#segments) {
      if (segment === this.#current || segment.live.size > 0) break;
      if (!this.#discard(segment)) break;
    }
  }

  /** False if the disk does not let it go. */
  #discard(segment: OutboxSegment): boolean {
    try {
      fs.rmSync(segment.path, { force: true });
    } catch (error) {
      this.#disk.fails(error);
      return false;
    }
    this.#segments.delete(segment);
    fs.closeSync(segment.fd);
    return true;
  }

  /** Copies what is left of the oldest segment forward when most of the disk space is held by confirmed records. */
  #compact(): void {
    let total = 0;
    for (const segment of this.#segments) total += segment.size;
    const [oldest] = this.#segments;
    const slack = 4 * (this.#options.segmentBytes ?? 4 * 1024 * 1024);
    if (oldest === undefined || oldest === this.#current || this.#disk.reason !== null) return;
    if (total < 2 * this.#bytes + slack) return;
    try {
      const moving = [...oldest.live].filter((kept) => {
        const text = this.#readable(kept);
        if (text !== null) kept.text = text;
        return text !== null;
      });
      this.#write(moving);
      if (this.#options.fsync && this.#current !== null) fs.fdatasyncSync(this.#current.fd);
    } catch (error) {
      this.#disk.fails(error);
    }
    this.#trim();
  }

  /** One sync covers all batches written before it; those that come meanwhile share the next. */
  #sync(): void {
    if (this.#syncing !== null || this.#unsynced.length === 0) return;
    const batches = this.#unsynced;
    this.#unsynced = [];
    const segment = this.#current;
    const finish = (error: Error | null) => {
      this.#syncing = null;
      if (error !== null && segment !== null) this.#unsafe(segment, error);
      else if (segment !== null && this.#refused.size === 0) this.#disk.works();
      this.#trim();
      for (const { kept, done } of batches) done(kept);
      this.#sync();
      this.#report();
    };
    if (segment === null) {
      finish(null);
      return;
    }
    this.#syncing = segment;
    fs.fdatasync(segment.fd, finish);
  }

  /** After a sync that failed nobody knows what of the segment is on the disk, and a second sync would not tell: what
   * it holds is written again, elsewhere. */
  #unsafe(segment: OutboxSegment, error: Error): void {
    if (this.#current === segment) this.#current = null;
    for (const kept of segment.live) {
      const text = this.#readable(kept);
      if (text === null) continue;
      kept.text = text;
      kept.place = null;
      segment.live.delete(kept);
      this.#refused.add(kept);
    }
    this.#disk.fails(error);
  }

  /** What cannot be read stays where it is, and is found out when it is to be sent. */
  #readable(kept: StoredRecord): string | null {
    try {
      return this.read(kept);
    } catch (error) {
      this.#options.log.warn("outbox.unreadable", { id: kept.id, reason: reasonOf(error) });
      return null;
    }
  }

  #report(): void {
    const blocked = this.blocked() !== null;
    if (blocked === this.#wasBlocked) return;
    this.#wasBlocked = blocked;
    this.#options.changed();
  }

  #load(): StoredRecord[] {
    const { dir, log } = this.#options;
    fs.rmSync(join(dir, PROBE_FILE), { force: true });
    const { segments, kept, last } = loadSegments(dir, log);
    for (const segment of segments) this.#segments.add(segment);
    this.#sequence = last;
    this.#trim();
    for (const each of kept) {
      this.#count++;
      this.#bytes += each.bytes;
    }
    return kept;
  }
}
