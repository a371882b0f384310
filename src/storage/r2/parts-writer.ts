// A blob of a length nobody knows: cut into parts of one size; what fits into a single part is put at once.

import type { BlobWriter } from "../blob-store.ts";

/** Bytes of a part; R2 wants all but the last to have the same size, at least 5 MiB. */
const PART_BYTES = 5 * 1024 * 1024;
const FIRST_BUFFER_BYTES = 256 * 1024;

/** Fills one buffer again and again: at most one part of a stream is in memory, whatever its length. */
export class PartsWriter implements BlobWriter {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #filled = 0;
  #upload: R2MultipartUpload | undefined;
  readonly #done: R2UploadedPart[] = [];

  constructor(bucket: R2Bucket, key: string) {
    this.#bucket = bucket;
    this.#key = key;
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#filled === PART_BYTES) await this.#flush();
      const taken = rest.subarray(0, PART_BYTES - this.#filled);
      this.#makeRoom(this.#filled + taken.length);
      this.#buffer.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
    }
  }

  async finish(): Promise<string> {
    if (this.#upload === undefined) {
      await this.#bucket.put(this.#key, this.#buffer.subarray(0, this.#filled));
      return this.#key;
    }
    if (this.#filled > 0) await this.#flush();
    await this.#upload.complete(this.#done);
    return this.#key;
  }

  /** Leaves nothing behind; what cannot be undone now R2 drops by itself after some days. */
  async abort(): Promise<void> {
    await this.#upload?.abort().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    this.#upload ??= await this.#bucket.createMultipartUpload(this.#key);
    const part = await this.#upload.uploadPart(this.#done.length + 1, this.#buffer.subarray(0, this.#filled));
    this.#done.push(part);
    this.#filled = 0;
  }

  #makeRoom(wanted: number): void {
    if (wanted <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(PART_BYTES, Math.max(wanted, this.#buffer.length * 2)));
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }
}
