// What a container of an image nobody knows prints before its first run: it is that run's, since it may tell why it
// ends. The first lines are kept, in memory; of what is more only the number of bytes.

import type { LogCollection, Stream } from "./log-collection.ts";

/** Bytes. */
const MAX_BYTES = 64 * 1024;

export class EarlyOutput {
  readonly #lines: { stream: Stream; bytes: Buffer; now: number }[] = [];
  #size = 0;
  #skipped = 0;

  get full(): boolean {
    return this.#size >= MAX_BYTES;
  }

  line(stream: Stream, bytes: Buffer, now: number): void {
    this.#size += bytes.length + 1;
    if (this.#size > MAX_BYTES) this.#skipped += bytes.length + 1;
    // The chunk may be a reused buffer's.
    else this.#lines.push({ stream, bytes: Buffer.from(bytes), now });
  }

  skipped(bytes: number): void {
    this.#skipped += bytes;
  }

  give(collection: LogCollection): void {
    for (const { stream, bytes, now } of this.#lines) collection.line(stream, bytes, { now, shared: false });
    if (this.#skipped > 0) collection.skipped(this.#skipped);
  }
}
