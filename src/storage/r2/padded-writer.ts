// A blob whose length is known only roughly: put as one object of the largest length it may have, flowing straight into
// the bucket, and filled up with zeros at the end. Nothing is buffered, and it is read back as one piece.

import { withSize } from "../blob-name.ts";
import type { BlobWriter } from "../blob-store.ts";

const ZEROS = new Uint8Array(64 * 1024);

/** Writes a blob whose length is not known before as one object with padding at its end, since R2 wants a length. */
export class PaddedWriter implements BlobWriter {
  readonly #key: string;
  readonly #room: number;
  readonly #done: Promise<unknown>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #size = 0;

  constructor(bucket: R2Bucket, options: { key: string; room: number }) {
    this.#key = options.key;
    this.#room = options.room;
    const { readable, writable } = new FixedLengthStream(options.room);
    this.#done = bucket.put(options.key, readable);
    // Whoever writes next, or finishes, hears of it.
    this.#done.catch(() => undefined);
    this.#writer = writable.getWriter();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    if (this.#size > this.#room) throw new RangeError(`blob is larger than the ${this.#room} bytes it was given`);
    await this.#send(bytes);
  }

  async finish(): Promise<string> {
    for (let missing = this.#room - this.#size; missing > 0; missing -= ZEROS.length) {
      await this.#send(ZEROS.subarray(0, missing));
    }
    await this.#writer.close();
    await this.#done;
    return withSize(this.#key, this.#size);
  }

  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => undefined);
    await this.#done.catch(() => undefined);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes).catch(async (error: unknown) => {
      // If the bucket failed, its own error says more than that of the broken pipe.
      await this.#done;
      throw error;
    });
  }
}
