// Sends kept records to one scheduler shard until the store has them: new ones at once, old ones in a window after each
// welcome, and any that stays unconfirmed for long once more. A record sent twice is harmless,
// one not sent is a lost id.

import { type EncodedMessage, encodeMessage } from "../../src/protocol/codec.ts";
import { MAX_INLINE } from "../../src/protocol/messages.ts";
import type { RecordMessage } from "../link/messages.ts";
import type { Payloads } from "../link/payloads.ts";
import { type Backoff, backoff } from "../machine/backoff.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { StoredRecord } from "./outbox-segments.ts";

export interface RecordsOptions {
  shard: number;
  /** Null if it is damaged. */
  read: (kept: StoredRecord) => string | null;
  /** It is damaged and cannot be told any more. */
  damaged: (kept: StoredRecord) => void;
  send: (message: EncodedMessage) => void;
  /** True if the store may still want it. */
  wanted: (kept: StoredRecord) => boolean;
  payloads: Payloads;
  log: Logger;
}

/** A record that was just kept, and the message it is the text of. */
export type PendingRecord = OutboxEntry & { message: RecordMessage };

/** Old records on the wire at once, and uploads at once. */
const MAX_ON_WIRE = 256;
const MAX_UPLOADS = 4;
/** ms after which an unconfirmed record is sent again on the same socket. */
const UNCONFIRMED_MS = 30_000;

export class RecordSender {
  readonly #options: RecordsOptions;
  /** Welcomed on the present socket: records may flow. */
  #flowing = false;
  /** On the wire, with performance.now() of sending, the oldest first. */
  readonly #sent = new Map<StoredRecord, number>();
  #queue: StoredRecord[] = [];
  #large: StoredRecord[] = [];
  #uploading = 0;
  readonly #pause: Backoff = backoff({ first: 200, max: 5_000 });

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /** A record just kept; `text` is that of `message`. Before the welcome it only waits: `resume` finds it. */
  add(kept: StoredRecord, { text, message }: PendingRecord): void {
    if (!this.#flowing) return;
    if (kept.bytes <= MAX_INLINE) this.#put(kept, { text, bytes: kept.bytes });
    else if (this.#large.length === 0 && this.#uploading < MAX_UPLOADS) {
      // At once, what is in memory anyway; what has to wait is read again when its turn comes.
      this.#uploading++;
      void this.#uploaded(kept, message);
    } else {
      this.#large.push(kept);
      this.#upload();
    }
  }

  /** The scheduler asks for one as if it had never come. */
  again(kept: StoredRecord): void {
    this.#sent.delete(kept);
    this.#queue.push(kept);
    this.#pump();
  }

  /** A scheduler has the inventory and is ready to hear of these again. */
  resume(list: readonly StoredRecord[]): void {
    this.#flowing = true;
    this.#sent.clear();
    this.#large = [];
    this.#queue = [...list].reverse();
    this.#pump();
  }

  /** The socket is gone. */
  suspend(): void {
    this.#flowing = false;
    this.#sent.clear();
    this.#queue = [];
    this.#large = [];
  }

  confirmed(list: readonly StoredRecord[]): void {
    for (const kept of list) this.#sent.delete(kept);
    this.#pump();
  }

  /** Called now and then: what has waited long for its confirmation is sent again. */
  nudge(now: number): void {
    for (const [kept, at] of this.#sent) {
      if (now - at < UNCONFIRMED_MS) break;
      this.#sent.delete(kept);
      this.#queue.push(kept);
    }
    this.#pump();
  }

  #put(kept: StoredRecord, message: EncodedMessage): void {
    this.#sent.set(kept, performance.now());
    this.#options.send(message);
  }

  #pump(): void {
    while (this.#flowing && this.#sent.size < MAX_ON_WIRE) {
      const kept = this.#queue.pop();
      if (kept === undefined) return;
      if (!this.#options.wanted(kept)) continue;
      if (kept.bytes > MAX_INLINE) {
        this.#large.push(kept);
        this.#upload();
      } else {
        const message = this.#fresh(kept);
        if (message !== null) this.#put(kept, encodeMessage(message));
      }
    }
  }

  #upload(): void {
    while (this.#flowing && this.#uploading < MAX_UPLOADS) {
      const kept = this.#large.shift();
      if (kept === undefined) return;
      if (!this.#options.wanted(kept)) continue;
      const message = this.#fresh(kept);
      if (message === null) continue;
      this.#uploading++;
      void this.#uploaded(kept, message);
    }
  }

  async #uploaded(kept: StoredRecord, record: RecordMessage): Promise<void> {
    const { payloads, log, shard } = this.#options;
    try {
      const message = payloads.fitting(record) ?? (await payloads.upload(record, record.about));
      this.#pause.reset();
      this.#uploading--;
      if (this.#flowing && this.#options.wanted(kept) && !this.#sent.has(kept)) this.#put(kept, message);
      this.#upload();
    } catch (error) {
      const pause = this.#pause.next();
      log.warn("record.upload-failed", { shard, id: kept.id, reason: reasonOf(error), againIn: Math.round(pause) });
      setTimeout(() => {
        this.#uploading--;
        if (this.#flowing) this.#large.push(kept);
        this.#upload();
      }, pause);
    }
  }

  /** The kept message with its age brought up to now. Null if it cannot be had: for now, then it is tried again as if
   * it had been sent; or for good. */
  #fresh(kept: StoredRecord): RecordMessage | null {
    let text: string | null;
    try {
      text = this.#options.read(kept);
    } catch (error) {
      this.#options.log.warn("record.unreadable", { id: kept.id, reason: reasonOf(error) });
      this.#sent.set(kept, performance.now());
      return null;
    }
    if (text === null) {
      this.#options.damaged(kept);
      return null;
    }
    const message = JSON.parse(text) as RecordMessage;
    message.completion.endedAgo += Math.max(0, Date.now() - kept.at);
    return message;
  }
}
